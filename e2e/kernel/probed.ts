import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Each line that it reads makes it call its functions once, and say so. */
const source = `
#include <stdio.h>
#include "sdt.h"
unsigned short probed_call_semaphore __attribute__((section(".probes")));

__attribute__((noinline)) int twice(int n) { __asm__ volatile(""); return 2 * n; }
__attribute__((noinline)) int thrice(int n) { __asm__ volatile(""); return 3 * n; }

int main(void)
{
	char line[64];

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int n = 1; fgets(line, sizeof(line), stdin); n++) {
		int sum = twice(n) + thrice(n);

		CALL(n, sum);
		printf("%d %d\\n", sum, probed_call_semaphore);
	}
	return 0;
}
`
/** Debian keeps it among the headers of the architecture. */
export const hasSdt: boolean = ['', 'x86_64-linux-gnu/', 'aarch64-linux-gnu/'].some((folder) =>
  existsSync(`/usr/include/${folder}sys/sdt.h`),
)
const withSdt = `
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#define CALL(n, sum) STAP_PROBE2(probed, call, n, sum)
`
const withoutSdt = '#define CALL(n, sum) (void)0\n'

/** A program to probe, with a USDT probe `probed:call` where sys/sdt.h is installed. */
export interface Probed {
  readonly path: string
  /** Starts it, as often as wanted. */
  start(): ProbedProcess
  /** The byte offset of a function in the file. */
  offsetOf(symbol: string): number
  remove(): void
}

export interface ProbedProcess {
  readonly pid: number
  /** Has it call its functions once. @returns what it printed: a sum, and how many watch its semaphore */
  call(): Promise<string>
  end(): void
}

export function probed(): Probed {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-probed-'))
  const path = join(folder, 'probed')
  writeFileSync(join(folder, 'probed.c'), source)
  writeFileSync(join(folder, 'sdt.h'), hasSdt ? withSdt : withoutSdt)
  execFileSync('gcc', ['-O1', '-g', '-no-pie', '-o', path, join(folder, 'probed.c')])
  return {
    path,
    start: () => start(path),
    offsetOf(symbol) {
      const table = execFileSync('nm', [path], { encoding: 'utf8' })
      const [, address = ''] = new RegExp(`^(\\w+) T ${symbol}$`, 'm').exec(table) ?? []
      // gcc -no-pie links at this address, whose segment begins the file.
      return Number.parseInt(address, 16) - 0x40_0000
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

export function start(path: string): ProbedProcess {
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8')
  return {
    pid: child.pid ?? 0,
    async call() {
      const line = once(child.stdout, 'data')
      child.stdin.write('\n')
      return String((await line)[0]).trim()
    },
    end: () => void child.kill(),
  }
}

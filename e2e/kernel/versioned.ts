import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ProbedProcess } from './probed.ts'
import { start } from './probed.ts'

const library = `
#define EXPORTED __attribute__((noinline, visibility("default")))
EXPORTED int old_sum(int n) { __asm__ volatile(""); return n + 1; }
EXPORTED int new_sum(int n) { __asm__ volatile(""); return n + 2; }
__asm__(".symver old_sum, sum@VERS_1");
__asm__(".symver new_sum, sum@@VERS_2");

EXPORTED int product(int n) { __asm__ volatile(""); return 2 * n; }
EXPORTED int produce(int n) __attribute__((alias("product")));

static int chosen(int n) { return n; }
static int (*choose(void))(int) { return chosen; }
EXPORTED int promise(int n) __attribute__((ifunc("choose")));
`
const versions = `
VERS_1 { global: sum; product; produce; promise; local: *; };
VERS_2 { global: sum; } VERS_1;
`
const program = `
#include <stdio.h>
int old(int); int sum(int); int product(int); int promise(int);
__asm__(".symver old, sum@VERS_1");

int main(void)
{
	char line[64];

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int n = 1; fgets(line, sizeof(line), stdin); n++)
		printf("%d\\n", old(n) + sum(n) + product(n) + promise(n));
	return 0;
}
`

/**
 * A library with two versions of `sum`, two names for `product`, and `promise`, which is chosen at the start; and a
 * program that calls each once a line.
 */
export interface Versioned {
  /** With both symbol tables. */
  readonly whole: string
  /** With that of dynamic linking alone. */
  readonly stripped: string
  /** Linked without libraries, with the other table alone. */
  readonly fixed: string
  /** Starts the program with the library at a path, or the one without libraries. */
  start(path: string): ProbedProcess
  remove(): void
}

export function versioned(): Versioned {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-versioned-'))
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('library.c'), library)
  writeFileSync(at('versions.map'), versions)
  writeFileSync(at('program.c'), program)
  const [whole, stripped, fixed] = [at('libwhole.so.1'), at('libstripped.so.1'), at('fixed')]
  // Without a soname programs find it by its path.
  const script = `-Wl,--version-script=${at('versions.map')}`
  gcc('-shared', '-fPIC', script, '-o', whole, at('library.c'))
  execFileSync('strip', ['-o', stripped, whole])
  const own = library.replaceAll(/__asm__\(".*\n/g, '').replace('new_sum', 'sum')
  writeFileSync(at('own.c'), own)
  const alone = program.replace(/__asm__\(".symver.*\n/, '').replaceAll('old(', 'old_sum(')
  writeFileSync(at('alone.c'), alone)
  gcc('-static', '-o', fixed, at('alone.c'), at('own.c'))
  for (const path of [whole, stripped]) gcc('-o', `${path}.main`, at('program.c'), path)
  return {
    whole,
    stripped,
    fixed,
    start: (path) => start(path === fixed ? path : `${path}.main`),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function gcc(...words: string[]): void {
  execFileSync('gcc', ['-O1', '-w', ...words])
}

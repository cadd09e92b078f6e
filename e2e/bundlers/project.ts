import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { installPackage, type Installed } from '../install.ts'

const exec = promisify(execFile)

/**
 * An agent of a source, a header and a module. The program counts this process's system calls and sends
 * one record, whose `mark` is the header's: so a run tells which header its bundle was built from.
 */
export const agentFiles = {
  'package.json': '{ "type": "module" }',
  'calls.h': `#define MARK 1

struct call {
	__u64 number;
	__u32 pid;
	__u32 mark;
	char greeting[12];
};
`,
  'calls.bpf.c': `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "calls.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 pid;
__u64 count;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} calls SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx)
{
	struct call *call;

	if (bpf_get_current_pid_tgid() >> 32 != pid || __sync_fetch_and_add(&count, 1) > 0)
		return 0;
	call = bpf_ringbuf_reserve(&calls, sizeof(*call), 0);
	if (!call)
		return 0;
	*call = (struct call){ ctx->args[1], pid, MARK, "hello" };
	bpf_ringbuf_submit(call, 0);
	return 0;
}
`,
  'agent.ts': `import skel, { types } from './calls.bpf.c'

const trace = skel.open()
trace.rodata.pid = process.pid
trace.load().attach()
for await (const { pid, mark, greeting } of trace.maps.calls.as(types.call)) {
  console.log(JSON.stringify({ own: pid === process.pid, mark, greeting, counts: trace.bss.count > 0n }))
  break
}
trace.destroy()
`,
} as const

/** What `agent.ts` prints. */
export const greeting = (mark: number): object => ({
  own: true,
  mark,
  greeting: 'hello',
  counts: true,
})

export interface Project {
  readonly folder: string
  path(name: string): string
  write(name: string, text: string): Promise<void>
  /** Replaces `before`, which must be there. */
  edit(name: string, before: string, after: string): Promise<void>
}

/** A folder in which the package is installed as pnpm does it: nothing else of this repository is seen. */
export class Workspace {
  readonly #installed: Installed

  private constructor(installed: Installed) {
    this.#installed = installed
  }

  static async create(others: readonly string[] = []): Promise<Workspace> {
    return new Workspace(await installPackage(others))
  }

  async project(files: Readonly<Record<string, string>>): Promise<Project> {
    const folder = await mkdtemp(join(this.#installed.app, 'project-'))
    const path = (name: string): string => join(folder, name)
    const write = async (name: string, text: string): Promise<void> => {
      await mkdir(dirname(path(name)), { recursive: true })
      await writeFile(path(name), text)
    }
    for (const [name, text] of Object.entries(files)) await write(name, text)
    return {
      folder,
      path,
      write,
      async edit(name, before, after) {
        const text = await readFile(path(name), 'utf8')
        if (!text.includes(before)) throw new Error(`${name} has no ${before}`)
        await write(name, text.replace(before, after))
      },
    }
  }

  remove(): Promise<void> {
    return this.#installed.remove()
  }
}

/** Runs a bundle where there is nothing else: neither the package nor koffi. */
export async function runAlone(output: string, bundle: string): Promise<unknown> {
  const alone = await mkdtemp(join(tmpdir(), 'unplugin-bpf-alone-'))
  try {
    await cp(output, alone, { recursive: true })
    return await runAgent(join(alone, bundle))
  } finally {
    await rm(alone, { recursive: true })
  }
}

/** The line of JSON that a bundled agent prints. */
export async function runAgent(bundle: string): Promise<unknown> {
  const { stdout } = await exec('node', [bundle], { timeout: 20_000 })
  return JSON.parse(stdout)
}

let imports = 0

/** A module as its file is now. */
export async function importFresh<T>(file: string): Promise<T> {
  return (await import(`${pathToFileURL(file).href}?${imports++}`)) as T
}

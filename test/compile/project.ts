import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

import { findClang } from '../../src/compile/clang/find-clang.ts'

export type Files = Readonly<Record<string, string>>

/** A folder with these files, as long as the test runs. */
export function project(files: Files = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'compile test ')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  write(folder, { 'package.json': '{}', ...files })
  return folder
}

export function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}

/** A shell script of this name, in a folder of its own. */
export function program(name: string, script: string): string {
  const folder = project({ [name]: `#!/bin/sh\n${script}\n` })
  chmodSync(join(folder, name), 0o755)
  return folder
}

/** This machine's clang, and how often it has compiled a source or a header. */
export async function countingClang(): Promise<{
  clang: string
  sources: () => number
  headers: () => number
  /** Its command lines. */
  log: () => string
}> {
  const { path } = await findClang(undefined, project())
  const folder = program('clang', `echo "$*" >>"$0.log"\nexec '${path}' "$@"`)
  const count = (flag: string) => (): number =>
    readFileSync(join(folder, 'clang.log'), 'utf8')
      .split('\n')
      .filter((line) => `${line} `.includes(` ${flag} `)).length
  const log = (): string => readFileSync(join(folder, 'clang.log'), 'utf8')
  return { clang: join(folder, 'clang'), sources: count('-c'), headers: count('c-header'), log }
}

export const xdp = (body = 'return 2;'): string => `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(struct xdp_md *ctx)
{
	${body}
}
char LICENSE[] SEC("license") = "GPL";
`

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

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

export const xdp = (body = 'return 2;'): string => `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(struct xdp_md *ctx)
{
	${body}
}
char LICENSE[] SEC("license") = "GPL";
`

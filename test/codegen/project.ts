import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

import { buildSkeleton, type SkeletonBuild } from '../../src/codegen/skeleton.ts'

export const PRELUDE = `#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
`

/** A folder with these files, as long as the test runs. */
export function project(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codegen-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries({ 'package.json': '{}', ...files })) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return folder
}

/** What a C source becomes that must compile. */
export async function build(source: string): Promise<Required<SkeletonBuild> & { file: string }> {
  const file = join(project({ 'test.bpf.c': PRELUDE + source }), 'test.bpf.c')
  const built = await buildSkeleton(file, { cache: false })
  const { code, browserCode, object, embedded, bpf, model, declarationsFor } = built
  if (!code || !browserCode || !object || !embedded || !bpf || !model || !declarationsFor) {
    throw new Error(built.diagnostics.map(({ message }) => message).join('\n'))
  }
  return { ...built, code, browserCode, object, embedded, bpf, model, declarationsFor, file }
}

export const sourceOf = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url))

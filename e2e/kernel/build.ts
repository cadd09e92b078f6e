import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterAll } from 'vitest'

import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { formatDiagnostic } from '../../src/compile/clang/diagnostics.ts'
import type { Codec, OpenOptions, SkeletonInstance } from '../../src/runtime/index.ts'

/** As loosely typed as JavaScript sees it: tests of types are elsewhere. */
export interface BuiltModule<T extends SkeletonInstance> {
  default: {
    name: string
    object: Uint8Array
    open(options?: OpenOptions): T
    openAndLoad(options?: OpenOptions): T
  }
  types: Record<string, Codec<Record<string, unknown>>>
  /** All that the module exports. */
  exports: object
  /** The generated module's file, and the source's. */
  file: string
  source: string
}

const preamble = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
`

const builds = new Map<string, Promise<BuiltModule<SkeletonInstance>>>()

const folders: string[] = []
// Vitest ends its workers without an exit event.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/**
 * The generated module of a C source, compiled by the real clang, once a source. The usual headers are included for it.
 */
export function build<T extends SkeletonInstance>(
  source: string,
  name = 'test',
): Promise<BuiltModule<T>> {
  const key = `${name}\0${source}`
  const building = builds.get(key) ?? generate(source, name)
  builds.set(key, building)
  return building as Promise<BuiltModule<never>>
}

async function generate(source: string, name: string): Promise<BuiltModule<SkeletonInstance>> {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-kernel-'))
  folders.push(folder)
  const file = join(folder, `${name}.bpf.c`)
  writeFileSync(file, preamble + source)
  const { code, diagnostics } = await buildSkeleton(file, { cache: false })
  if (code === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  const module = join(folder, `${name}.mjs`)
  writeFileSync(module, code)
  const built = (await import(pathToFileURL(module).href)) as Omit<
    BuiltModule<SkeletonInstance>,
    'exports' | 'file' | 'source'
  >
  const { default: skel, types } = built
  return { default: skel, types, exports: built, file: module, source: file }
}

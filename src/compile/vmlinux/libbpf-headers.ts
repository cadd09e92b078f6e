import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { contentOf, digest } from '../cache/digest.ts'
import type { Clang } from '../clang/find-clang.ts'
import { includeFolders } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { textOf } from '../text-of.ts'

/** The headers with an include guard that include nothing but each other and HELPERS. */
const PRECOMPILED = /^bpf\/bpf_(?:helpers|core_read|endian|tracing)\.h$/
const HELPERS = 'bpf_helper_defs.h'

export interface PrecompilableHeaders {
  /** Absolute paths, in the source's order. */
  readonly headers: readonly string[]
  /** A digest of all that they read. */
  readonly content: string
}

const none: PrecompilableHeaders = { headers: [], content: '' }

/**
 * Finds the headers of libbpf that a source includes right after vmlinux.h, to be precompiled with it. bpf_helper_defs.h
 * declares structs of the kernel again; parsed with the source, -fno-eliminate-unused-debug-types would describe every type
 * that they lead to in each object: 650 kB of DWARF.
 */
export function precompilableHeaders(
  following: readonly string[],
  macros: readonly string[],
  { cflags, include }: ResolvedOptions,
  { systemIncludes }: Clang,
): PrecompilableHeaders {
  // The folders of these variables are searched before the system's.
  if (process.env['CPATH'] || process.env['C_INCLUDE_PATH']) return none
  const userFolders = [...include, ...includeFolders(cflags)]
  const headers: string[] = []
  for (const name of following) {
    const folder = systemIncludes.find((system) => existsSync(join(system, name)))
    const isUsers = userFolders.some((user) => existsSync(join(user, name)))
    if (folder === undefined || isUsers || !PRECOMPILED.test(name)) break
    headers.push(join(folder, name))
  }
  const [first] = headers
  if (first === undefined) return none
  const folder = dirname(first)
  const names = ['helpers', 'core_read', 'endian', 'tracing'].map((name) => `bpf_${name}.h`)
  const files = [...names, HELPERS].map((name) => join(folder, name))
  if (macros.some((macro) => files.some((file) => textOf(file)?.includes(macro)))) return none
  return { headers, content: digest(...files.map(contentOf)) }
}

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { contentOf, digest } from '../cache/digest.ts'
import type { Clang } from '../clang/find-clang.ts'
import { includeFolders } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { textOf } from '../text-of.ts'

/** Those with an include guard, and which include nothing but each other and HELPERS. */
const PRECOMPILED = /^bpf\/bpf_(?:helpers|core_read|endian|tracing)\.h$/
const HELPERS = 'bpf_helper_defs.h'

export interface PrecompilableHeaders {
  /** Absolute, in the source's order. */
  readonly headers: readonly string[]
  /** Names the content of all that they read. */
  readonly content: string
}

const none: PrecompilableHeaders = { headers: [], content: '' }

/**
 * libbpf's headers among those that a source includes right after vmlinux.h, to be precompiled with it.
 * bpf_helper_defs.h declares structs of the kernel anew, and clang, asked for unused types, would describe
 * in each object every type that they lead to: 650 kB of DWARF.
 */
export function precompilableHeaders(
  following: readonly string[],
  macros: readonly string[],
  { cflags, include }: ResolvedOptions,
  { systemIncludes }: Clang,
): PrecompilableHeaders {
  // Searched before the system's folders.
  if (process.env['CPATH'] || process.env['C_INCLUDE_PATH']) return none
  const users = [...include, ...includeFolders(cflags)]
  const headers: string[] = []
  for (const name of following) {
    const folder = systemIncludes.find((system) => existsSync(join(system, name)))
    const isUsers = users.some((own) => existsSync(join(own, name)))
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

import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import type { Clang } from '../clang/find-clang.ts'
import { includeFolders } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { vmlinuxHeader } from '../vmlinux/vmlinux.ts'

/**
 * Files that do not exist, and that clang would have taken instead of a header that it found further
 * on in its search. Once one appears, an object is out of date though no dependency changed.
 *
 * @param headers Absolute.
 * @param generated Whether clang found no vmlinux.h but the generated one.
 */
export function absentIncludeCandidates(
  source: string,
  headers: readonly string[],
  generated: boolean,
  { cflags, include }: ResolvedOptions,
  { systemIncludes }: Clang,
): string[] {
  const beside = [source, ...headers]
    .map((file) => dirname(file))
    .filter((folder) => !systemIncludes.some((system) => isInside(system, folder)))
  // A header found in an include folder is also beside another: both ways of finding it count.
  const search = [...new Set(beside), ...include, ...includeFolders(cflags), ...systemIncludes]
  const shadows = new Set<string>()
  for (const header of headers) {
    for (const [index, folder] of search.entries()) {
      if (!isInside(folder, header)) continue
      const name = relative(folder, header)
      for (const earlier of search.slice(0, index)) shadows.add(join(earlier, name))
    }
  }
  if (generated) for (const folder of search) shadows.add(join(folder, vmlinuxHeader))
  return [...shadows].filter((file) => !existsSync(file))
}

const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

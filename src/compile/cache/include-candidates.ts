import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import type { Clang } from '../clang/find-clang.ts'
import { includeFolders } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { vmlinuxHeader } from '../vmlinux/vmlinux.ts'

/**
 * Lists the files that clang looked for before it found a header further on in its search path, and that do not exist.
 * Once one appears, the object is out of date although no dependency changed.
 *
 * @param headers absolute paths
 * @param generated whether the only vmlinux.h that clang found is the generated one
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
  // A header may be found in an include folder and beside another header: both ways count.
  const search = [...new Set(beside), ...include, ...includeFolders(cflags), ...systemIncludes]
  const candidates = new Set<string>()
  for (const header of headers) {
    for (const [index, folder] of search.entries()) {
      if (!isInside(folder, header)) continue
      const name = relative(folder, header)
      for (const earlier of search.slice(0, index)) candidates.add(join(earlier, name))
    }
  }
  if (generated) for (const folder of search) candidates.add(join(folder, vmlinuxHeader))
  return [...candidates].filter((file) => !existsSync(file))
}

const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

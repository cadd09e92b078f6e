import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** A flag of clang that takes a folder or a file, in the same argument or the next. */
const pathFlagRE = /^(-I|-isystem|-iquote|-idirafter|-include|-imacros)(?:=?(.+))?$/s

/**
 * Makes the paths in flags absolute, as clang runs in the source's folder, not in `folder`. A name that is no file in
 * `folder` stays: clang may find it in an include folder.
 */
export function absolutePaths(flags: readonly string[], folder: string): string[] {
  return mapPaths(flags, (path) => {
    const absolute = resolve(folder, path)
    return existsSync(absolute) ? absolute : path
  })
}

/** Replaces each path in flags by what `change` makes of it. */
export function mapPaths(
  flags: readonly string[],
  change: (path: string, flag: string) => string,
): string[] {
  let pending: string | undefined
  return flags.map((word) => {
    if (pending !== undefined) {
      const flag = pending
      pending = undefined
      return change(word, flag)
    }
    const [, flag, path] = pathFlagRE.exec(word) ?? []
    if (flag !== undefined && path !== undefined) return flag + change(path, flag)
    pending = flag
    return word
  })
}

/** Returns the folders that flags make clang search for headers, in its order. */
export function includeFolders(flags: readonly string[]): string[] {
  const folders: string[] = []
  mapPaths(flags, (path, flag) => {
    if (flag !== '-include' && flag !== '-imacros') folders.push(path)
    return path
  })
  return folders
}

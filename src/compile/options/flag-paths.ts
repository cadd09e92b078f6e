import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Flags of clang that take a folder or a file, in their own word or in the next. */
const pathFlagRE = /^(-I|-isystem|-iquote|-idirafter|-include|-imacros)(?:=?(.+))?$/s

/**
 * The flags with their paths made absolute: clang runs in the source's folder, which is not where the
 * user wrote them. A name that is no file there is left alone: clang may find it in an include folder.
 */
export function absolutePaths(flags: readonly string[], folder: string): string[] {
  return mapPaths(flags, (path) => {
    const absolute = resolve(folder, path)
    return existsSync(absolute) ? absolute : path
  })
}

/** The flags with each path replaced by what `change` makes of it. */
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

/** The folders among the flags that clang searches for headers, in its order. */
export function includeFolders(flags: readonly string[]): string[] {
  const folders: string[] = []
  mapPaths(flags, (path, flag) => {
    if (flag !== '-include' && flag !== '-imacros') folders.push(path)
    return path
  })
  return folders
}

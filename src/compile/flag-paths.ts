import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Flags of clang that take a folder or file, in the next word or (the first three also) in their own. */
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
export function mapPaths(flags: readonly string[], change: (path: string) => string): string[] {
  return flags.map((flag, index) => {
    const [, name, path] = pathFlagRE.exec(flag) ?? []
    if (name !== undefined && path !== undefined) return `${name}${change(path)}`
    const isValue = /^(-I|-isystem|-iquote|-idirafter|-include|-imacros)$/.test(
      flags[index - 1] ?? '',
    )
    return isValue ? change(flag) : flag
  })
}

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { temporaryFolder } from '../temporary-folder.ts'
import { digest } from './digest.ts'

/**
 * Returns `requested`, or a folder in the user's own cache folder if another user can write to that, or if it is a link.
 * Whoever can write to a cache decides what is compiled.
 */
export function trustedCacheFolder(requested: string): string {
  if (isOwnedFolder(requested, cacheDepth)) return requested
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const userCache = join(cacheHome, 'unplugin-bpf', digest(requested).slice(0, 16))
  if (isOwnedFolder(cacheHome, 0) && isOwnedFolder(userCache, cacheDepth)) return userCache
  temporaryCache ??= temporaryFolder().path
  return join(temporaryCache, digest(requested).slice(0, 16))
}

/** Levels of folders in a cache: the deepest file is `vmlinux/HASH/vmlinux.h`. */
const cacheDepth = 2

/** A temporary folder for all caches of this process. */
let temporaryCache: string | undefined

/**
 * Whether only this user and root can have written into a folder, `depth` levels of folders included, or it does not exist
 * yet. Files are checked when they are read.
 */
function isOwnedFolder(folder: string, depth: number): boolean {
  const stats = statsOf(folder)
  if (!stats) return true
  if (!stats.isDirectory() || !isOwned(stats) || (stats.mode & 0o002) !== 0) return false
  return (
    depth === 0 ||
    readdirSync(folder, { withFileTypes: true }).every(
      (entry) => entry.isFile() || isOwnedFolder(join(folder, entry.name), depth - 1),
    )
  )
}

/** Whether this user or root owns a file. Windows has no such owners: there it is true. */
function isOwned({ uid }: { readonly uid: number }): boolean {
  const own = process.geteuid?.()
  return own === undefined || uid === own || uid === 0
}

/** Whether `file` is a link, or another user owns it. */
export function isForeign(file: string): boolean {
  const stats = statsOf(file)
  return stats !== undefined && !(stats.isFile() && isOwned(stats))
}

/** Returns the status of a file or of the link itself, undefined if there is none. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Reads a cached file. Undefined if there is none, or another user owns it. */
export function readOwnedFile(file: string): Buffer | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const stats = fstatSync(descriptor)
    return stats.isFile() && isOwned(stats) ? readFileSync(descriptor) : undefined
  } finally {
    closeSync(descriptor)
  }
}

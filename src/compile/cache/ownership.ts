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
 * The folder to keep in what shall be kept in `wanted`. Who owns a cache decides what is compiled, so one that another user
 * can write to, or a link that leads elsewhere, is left alone: in its place stands one in the user's own cache folder.
 */
export function trustedCacheFolder(wanted: string): string {
  if (isOwnedFolder(wanted, cacheDepth)) return wanted
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const own = join(cacheHome, 'unplugin-bpf', digest(wanted).slice(0, 16))
  if (isOwnedFolder(cacheHome, 0) && isOwnedFolder(own, cacheDepth)) return own
  temporaryCache ??= temporaryFolder().path
  return join(temporaryCache, digest(wanted).slice(0, 16))
}

/** `vmlinux/HASH/vmlinux.h` lies deepest. */
const cacheDepth = 2

/** One for all caches of this process. */
let temporaryCache: string | undefined

/**
 * Whether only this user can have put there what is in it; one that is not there yet is. `depth` says how many levels of
 * folders a cache has. Of its files, whoever reads one asks.
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

/** What root writes, root could have written as this user. Where files have no owners (Windows), all are. */
function isOwned({ uid }: { readonly uid: number }): boolean {
  const own = process.geteuid?.()
  return own === undefined || uid === own || uid === 0
}

/** Whether `file` is a link, or of another user. */
export function isForeign(file: string): boolean {
  const stats = statsOf(file)
  return stats !== undefined && !(stats.isFile() && isOwned(stats))
}

/** Of the link itself; undefined too where no folder of that name can be. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** The content of a cached file; undefined if there is none, or not of this user. */
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

import { basename, dirname, resolve } from 'node:path'

import { didYouMean } from '../../text/nearest-names.ts'
import { EACCES, ENOENT, ENOTDIR } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { closeFile, constants, exists, openFile, readFolder } from '../host/files.ts'

/** fcntl.h: names a file without opening it, so that neither permission nor a pipe's other end matters. */
const O_PATH = 0x20_0000

/** Runs `use` with the descriptor of a directory, such as a cgroup's. @param path or a descriptor @throws {BpfError} */
export function withDirectory<R>(path: string | number, use: (fd: number) => R): R {
  return withPath(path, constants.O_RDONLY | constants.O_DIRECTORY, use)
}

/**
 * Runs `use` with the descriptor of a file that is opened for it.
 * @param path or a descriptor
 * @param missingHint what to do when there is no such file, where more can be said than which part of the path is missing
 * @throws {BpfError}
 */
export function withOpened<R>(
  path: string | number,
  use: (fd: number) => R,
  missingHint?: string,
): R {
  // The path may be a FIFO, whose open would wait for a writer.
  return withPath(path, constants.O_RDONLY | constants.O_NONBLOCK, use, missingHint)
}

/** Runs `use` with a descriptor that stands for the inode. @param path or a descriptor @throws {BpfError} */
export function withInode<R>(path: string | number, use: (fd: number) => R): R {
  return withPath(path, O_PATH, use)
}

function withPath<R>(
  path: string | number,
  flags: number,
  use: (fd: number) => R,
  missingHint?: string,
): R {
  if (typeof path === 'number') return use(path)
  if (typeof path !== 'string') {
    throw new TypeError(`a path or a descriptor is expected, not ${typeof path}`)
  }
  const fd = openForUser(path, flags, missingHint)
  try {
    return use(fd)
  } finally {
    closeFile(fd)
  }
}

/** Opens a path that the user gave, so that the error says what to do about it. */
function openForUser(path: string, flags: number, missingHint: string | undefined): number {
  try {
    return openFile(path, flags)
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    const { operation, object, errno, cause } = error
    const hint = (errno === ENOENT ? missingHint : undefined) ?? pathHint(path, errno)
    throw new BpfError({ operation, object, errno, hint, cause })
  }
}

function pathHint(path: string, errno: number | undefined): string | undefined {
  if (errno === ENOENT) return missingPath(resolve(path))
  if (errno === ENOTDIR) return 'Give the path of a directory'
  if (errno === EACCES) return 'Run as root, or as a user who may open it'
  return undefined
}

/** Names the first folder or file of a path that is not there, and those of its folder that may have been meant. */
function missingPath(path: string): string | undefined {
  const folder = dirname(path)
  if (folder === path) return undefined
  if (!exists(folder)) return missingPath(folder)
  return `${path} does not exist${didYouMean(basename(path), namesIn(folder))}`
}

function namesIn(folder: string): string[] {
  try {
    return readFolder(folder)
  } catch (error) {
    // The names only help: that the path is missing is said anyway.
    if (error instanceof BpfError) return []
    throw error
  }
}

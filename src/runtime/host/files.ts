import {
  accessSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statfsSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname } from 'node:path'

import { EINVAL } from './errno.ts'
import { BpfError } from './error.ts'

/*
 * The functions of node:fs that the runtime uses. It imports node:fs nowhere else, so that all errors of the system are
 * BpfErrors.
 */

export { constants } from 'node:fs'

export function readFile(path: string): Buffer {
  return withBpfError('read', path, () => readFileSync(path))
}

export function readText(path: string): string {
  return withBpfError('read', path, () => readFileSync(path, 'utf8'))
}

/** Opens a file. @param flags O_ */
export function openFile(path: string, flags: number): number {
  return withBpfError('open', path, () => openSync(path, flags))
}

/** Makes one read(2), which may give fewer bytes. @param position in bytes; by default the descriptor's own */
export function readInto(fd: number, buffer: Uint8Array, position: number | null = null): number {
  return withBpfError('read', `descriptor ${fd}`, () =>
    readSync(fd, buffer, 0, buffer.length, position),
  )
}

/** Makes one read(2) on a thread of Node's pool. */
export function readAsync(fd: number, buffer: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, null, (error, length) => {
      if (error) reject(failure('read', `descriptor ${fd}`, error))
      else resolve(length)
    })
  })
}

export function closeFile(fd: number): void {
  withBpfError('close', `descriptor ${fd}`, () => closeSync(fd))
}

/** @param file path or descriptor */
export function statOf(file: string | number): Stats {
  return typeof file === 'string'
    ? withBpfError('stat', file, () => statSync(file))
    : withBpfError('stat', `descriptor ${file}`, () => fstatSync(file))
}

export function readFolder(path: string): string[] {
  return withBpfError('read', path, () => readdirSync(path))
}

export function readLink(path: string): string {
  return withBpfError('read', path, () => readlinkSync(path))
}

/** linux/magic.h */
const BPF_FS_MAGIC = 0xcafe_4a11

/**
 * Removes a pin; refuses other files. It checks the folder's file system, as libbpf does (libbpf.c: check_path), because
 * `path` itself may be a symbolic link into a BPF file system.
 */
export function removePin(path: string): void {
  const { type } = withBpfError('remove', path, () => statfsSync(dirname(path)))
  if (type !== BPF_FS_MAGIC) {
    const reason = 'it is not a pin: its folder is not in a BPF file system'
    throw new BpfError({ operation: 'remove', object: path, errno: EINVAL, reason })
  }
  withBpfError('remove', path, () => unlinkSync(path))
}

export function exists(path: string): boolean {
  return existsSync(path)
}

/** @param mode R_OK, X_OK */
export function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** Returns the positive errno of an error of node:fs or of this file; undefined for other errors. */
export function errnoOf(error: unknown): number | undefined {
  const { errno } = error as NodeJS.ErrnoException
  return typeof errno === 'number' ? Math.abs(errno) : undefined
}

function withBpfError<R>(operation: string, object: string, call: () => R): R {
  try {
    return call()
  } catch (cause) {
    throw failure(operation, object, cause)
  }
}

/** Errors without an errno, such as TypeErrors for wrong arguments, stay as they are. */
function failure(operation: string, object: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  return errno === undefined ? cause : new BpfError({ operation, object, errno, cause })
}

import { readFileSync } from 'node:fs'

import { BpfError } from '../error.ts'
import { ESRCH } from '../ffi/errno.ts'
import { pidOf } from './pid.ts'

/**
 * A program or library whose functions are probed: a path; a library's name, `libc.so.6`, as the process of the probe
 * has it loaded, or where libraries are; or a process's own program, by its number or `'self'`.
 */
export type Binary = string | number

/**
 * The path under which this process reaches the file, or a library's name that libbpf is to search for.
 * @throws {BpfError} ESRCH when there is no such process
 */
export function pathOfBinary(binary: Binary, pid: number | 'self' | undefined): string {
  if (binary === 'self') return '/proc/self/exe'
  if (typeof binary === 'number') return `/proc/${pidOf(binary)}/exe`
  if (typeof binary !== 'string') {
    throw new TypeError(`a binary is a path, a library's name or a process, not ${typeof binary}`)
  }
  if (binary.includes('/') || pid === undefined) return binary
  return loadedLibrary(binary, pid) ?? binary
}

/** The process may see other files than we under the same names. */
function loadedLibrary(name: string, pid: number | 'self'): string | undefined {
  let maps: string
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8')
  } catch (cause) {
    const object = `process ${pid}`
    throw new BpfError({ operation: 'read the libraries of', object, errno: ESRCH, cause })
  }
  const paths = maps.split('\n').map((line) => /\s(\/.*)$/.exec(line)?.[1] ?? '')
  const path = paths.find((path) => path.endsWith(`/${name}`))
  return path && `/proc/${pid}/root${path}`
}

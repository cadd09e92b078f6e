import { ENOENT, ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { constants, errnoOf, isAccessible, readText } from '../host/files.ts'
import { libbpfPid } from './libbpf-pid.ts'

/**
 * A program or library whose functions are probed: a path; the name of a library, `libc.so.6`, which the probed process
 * has loaded or which is in the usual folders; or the program of a process, by its number or `'self'`.
 */
export type Binary = string | number

/**
 * Returns the path by which this process reaches the file.
 * @throws {BpfError} ESRCH when there is no such process; ENOENT when no folder has a file of the name
 */
export function pathOfBinary(binary: Binary, pid: number | 'self' | undefined): string {
  if (binary === 'self') return '/proc/self/exe'
  if (typeof binary === 'number') return `/proc/${libbpfPid(binary)}/exe`
  if (typeof binary !== 'string') {
    throw new TypeError(
      `a binary must be a path, a library's name or a process's number, not ${typeof binary}`,
    )
  }
  if (binary.includes('/')) return binary
  const path =
    (pid === undefined ? undefined : findLoadedLibrary(binary, pid)) ?? findInSearchPath(binary)
  if (path !== undefined) return path
  const hint = 'No folder for its kind has one: give its path'
  throw new BpfError({ operation: 'find', object: binary, errno: ENOENT, hint })
}

/** Looks in the folders that libbpf looks in (libbpf.c: resolve_full_path), not in the dynamic linker's cache. */
function findInSearchPath(name: string): string | undefined {
  const isLibrary = /\.so(\.|$)/.test(name)
  const { LD_LIBRARY_PATH, PATH } = process.env
  const folders = isLibrary
    ? [LD_LIBRARY_PATH, '/usr/lib64:/usr/lib', `/lib/${machineName()}-linux-gnu`, '/lib64:/lib']
    : [PATH, '/usr/bin:/usr/sbin']
  const wanted = isLibrary ? constants.R_OK : constants.R_OK | constants.X_OK
  return folders
    .flatMap((list) => list?.split(':') ?? [])
    .filter((folder) => folder !== '')
    .map((folder) => `${folder}/${name}`)
    .find((path) => isAccessible(path, wanted))
}

/** The architecture in folder names. */
function machineName(): string {
  const names: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64', ppc64: 'powerpc64le' }
  return names[process.arch] ?? process.arch
}

/** Finds a library that a process has mapped. The process may see other files than this one under the same paths. */
function findLoadedLibrary(name: string, pid: number | 'self'): string | undefined {
  let maps: string
  try {
    maps = readText(`/proc/${pid}/maps`)
  } catch (cause) {
    const errno = errnoOf(cause)
    const details = { operation: 'read the libraries of', object: `process ${pid}`, cause }
    throw new BpfError({ ...details, errno: errno === ENOENT ? ESRCH : errno })
  }
  const paths = maps.split('\n').map((line) => /\s(\/.*)$/.exec(line)?.[1] ?? '')
  const path = paths.find((path) => path.endsWith(`/${name}`))
  return path && `/proc/${pid}/root${path}`
}

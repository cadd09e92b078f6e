import { closeFile, constants, openFile } from '../host/files.ts'

/** fcntl.h: names a file without opening it, so that neither permission nor a pipe's other end matters. */
const O_PATH = 0x20_0000

/** Runs `use` with the descriptor of a directory: a cgroup's, say. @param path or a descriptor @throws {BpfError} */
export function withDirectory<R>(path: string | number, use: (fd: number) => R): R {
  return withFile(path, constants.O_RDONLY | constants.O_DIRECTORY, use)
}

/** Runs `use` with the descriptor of a file that is opened for it. @param path or a descriptor @throws {BpfError} */
export function withOpened<R>(path: string | number, use: (fd: number) => R): R {
  // Whoever holds the other end of a pipe would make us wait.
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, use)
}

/** Runs `use` with a descriptor that stands for the inode. @param path or a descriptor @throws {BpfError} */
export function withInode<R>(path: string | number, use: (fd: number) => R): R {
  return withFile(path, O_PATH, use)
}

function withFile<R>(path: string | number, flags: number, use: (fd: number) => R): R {
  if (typeof path === 'number') return use(path)
  if (typeof path !== 'string') {
    throw new TypeError(`a path or a descriptor is expected, not ${typeof path}`)
  }
  const fd = openFile(path, flags)
  try {
    return use(fd)
  } finally {
    closeFile(fd)
  }
}

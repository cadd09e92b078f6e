import { closeSync, openSync } from 'node:fs'

/**
 * A directory or file that the kernel wants a descriptor of, during one call.
 * @param path or a descriptor of it, which stays the caller's
 */
export function withDescriptor<R>(path: string | number, use: (fd: number) => R): R {
  if (typeof path === 'number') return use(path)
  const fd = openSync(path, 'r')
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * The descriptor of a program or map of ours, or one itself.
 * @param whom for the message: `set() takes a program`
 * @throws {TypeError} for something else
 */
export function descriptor(value: { readonly fd: number } | number, whom: string): number {
  const fd: unknown = typeof value === 'object' && value !== null ? value.fd : value
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd
  throw new TypeError(`${whom}, or its descriptor`)
}

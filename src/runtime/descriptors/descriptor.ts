const own = /*#__PURE__*/ new WeakMap<object, () => number>()

/** Keeps how to find the descriptor of a map, program or link, of which users get duplicates. */
export function keepDescriptor(object: object, descriptorOf: () => number): void {
  own.set(object, descriptorOf)
}

/** The descriptor of a map, program or link of ours, not a duplicate. */
export function ownDescriptor(object: { readonly fd: number }): number {
  return own.get(object)?.() ?? object.fd
}

/**
 * The descriptor of a program or map of ours, or one itself.
 * @param whom for the message: `set() takes a program`
 * @throws {TypeError} for something else
 */
export function descriptor(value: { readonly fd: number } | number, whom: string): number {
  const fd: unknown = typeof value === 'object' && value !== null ? ownDescriptor(value) : value
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd
  throw new TypeError(`${whom}, or its descriptor`)
}

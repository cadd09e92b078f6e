const descriptors = /*#__PURE__*/ new WeakMap<object, () => number>()

/** Registers how to get the runtime's descriptor of a map, program or link. Its `fd` gives users a duplicate. */
export function registerDescriptor(object: object, descriptorOf: () => number): void {
  descriptors.set(object, descriptorOf)
}

/** Returns the runtime's own descriptor of a map, program or link, or `fd` of another object. */
export function registeredDescriptor(object: { readonly fd: number }): number {
  return descriptors.get(object)?.() ?? object.fd
}

/**
 * Returns the descriptor of a program or map, or a descriptor that was given as a number.
 * @param expectation starts the message: `set() takes a program`
 * @throws {TypeError} for any other value
 */
export function descriptor(value: { readonly fd: number } | number, expectation: string): number {
  const fd: unknown =
    typeof value === 'object' && value !== null ? registeredDescriptor(value) : value
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd
  throw new TypeError(`${expectation}, or its descriptor`)
}

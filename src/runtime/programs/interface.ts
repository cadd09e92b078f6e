import { interfaceIndex } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { BpfError } from '../host/error.ts'

/**
 * The index of a network interface.
 * @param device its name or index
 * @throws {BpfError} ENODEV when there is none of the name
 */
export function indexOfInterface(device: string | number): number {
  if (typeof device === 'number') {
    if (Number.isInteger(device) && device > 0 && device <= 0x7fff_ffff) return device
    throw new RangeError(`an interface index is a whole number from 1 on, not ${device}`)
  }
  if (typeof device !== 'string') {
    throw new TypeError(`a network interface is a name or an index, not ${typeof device}`)
  }
  const index = interfaceIndex(device)
  if (index === 0) {
    throw new BpfError({
      operation: 'find',
      object: `network interface ${device}`,
      errno: errno(),
      hint: 'See `ip link` for those in this network namespace',
    })
  }
  return index
}

import { ENODEV } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { interfaceIndex, interfaceName } from '../net/interfaces.ts'

/**
 * Returns the index of a network interface.
 * @param device its name or index
 * @throws {BpfError} ENODEV when this process's network namespace has no such interface
 */
export function indexOfInterface(device: string | number): number {
  if (typeof device === 'number') {
    if (!Number.isInteger(device) || device < 1 || device > 0x7fff_ffff) {
      throw new RangeError(`an interface index must be a positive 32-bit integer, not ${device}`)
    }
    if (interfaceName(device) === undefined) throw missingInterface(device, 'index')
    return device
  }
  if (typeof device !== 'string') {
    throw new TypeError(`a network interface must be a name or an index, not ${typeof device}`)
  }
  const index = interfaceIndex(device)
  if (index === undefined) throw missingInterface(device, 'name')
  return index
}

function missingInterface(device: string | number, key: 'name' | 'index'): BpfError {
  return new BpfError({
    operation: 'find',
    object: `network interface ${device}`,
    errno: ENODEV,
    reason: `this network namespace has no interface of that ${key}`,
    hint: '`ip link` lists those that it has',
  })
}

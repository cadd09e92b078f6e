import {
  freeInterfaces,
  interfaceIndexes,
  interfaceNameInto,
  interfaceIndex as indexOf,
} from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { cString, getPointer, readBytes, readString, scratch } from '../ffi/memory.ts'
import { ENODEV, ENXIO } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

/** linux/if.h: IFNAMSIZ, bytes with the NUL. */
const IFNAMSIZ = 16
/** Bytes of net/if.h's struct if_nameindex { unsigned if_index; char *if_name }. */
const entrySize = 16

export interface NetworkInterface {
  /** The `ifindex`, 1 or more. */
  readonly index: number
  readonly name: string
}

/** Lists the interfaces of this process's network namespace, with or without an address. @throws {BpfError} */
export function interfaces(): NetworkInterface[] {
  const list = interfaceIndexes()
  if (list === 0) throw failure('list', 'network interfaces')
  const found: NetworkInterface[] = []
  try {
    for (let entry = list; ; entry += entrySize) {
      const data = new DataView(readBytes(entry, entrySize).buffer)
      const index = data.getUint32(0, true)
      // An entry of zeros ends the list.
      if (index === 0) return found
      found.push({ index, name: readString(getPointer(data, 8), IFNAMSIZ) })
    }
  } finally {
    freeInterfaces(list)
  }
}

/** Returns the index of an interface; undefined when this process's network namespace has none of the name. @throws {BpfError} */
export function interfaceIndex(name: string): number | undefined {
  // A name with a NUL would be cut there and find another interface.
  cString(name)
  const index = indexOf(name)
  if (index !== 0) return index
  if (errno() === ENODEV) return undefined
  throw failure('find', `network interface ${name}`)
}

/** Returns the name of an interface; undefined when this process's network namespace has none of the index. @throws {BpfError} */
export function interfaceName(index: number): string | undefined {
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_ffff) {
    throw new RangeError(`an interface index must be an unsigned 32-bit integer, not ${index}`)
  }
  const name = scratch(IFNAMSIZ)
  if (interfaceNameInto(index, name.buffer) !== 0) return readString(name.address, IFNAMSIZ)
  const error = errno()
  if (error === ENXIO || error === ENODEV) return undefined
  throw failure('find', `network interface ${index}`)
}

function failure(operation: string, object: string): BpfError {
  return new BpfError({ operation, object, errno: errno() })
}

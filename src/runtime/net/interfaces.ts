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

/** linux/if.h: IFNAMSIZ, with the NUL. */
const nameSize = 16
/** net/if.h: struct if_nameindex { unsigned if_index; char *if_name }. */
const entrySize = 16

export interface NetworkInterface {
  /** `ifindex`, from 1 on. */
  readonly index: number
  readonly name: string
}

/** All of this process's network namespace, also those without an address. @throws {BpfError} */
export function interfaces(): NetworkInterface[] {
  const list = interfaceIndexes()
  if (list === 0) throw failure('list', 'network interfaces')
  const found: NetworkInterface[] = []
  try {
    for (let entry = list; ; entry += entrySize) {
      const data = new DataView(readBytes(entry, entrySize).buffer)
      const index = data.getUint32(0, true)
      // The end is an entry of zeros.
      if (index === 0) return found
      found.push({ index, name: readString(getPointer(data, 8), nameSize) })
    }
  } finally {
    freeInterfaces(list)
  }
}

/** Of a name; undefined when this process's network namespace has none of it. @throws {BpfError} */
export function interfaceIndex(name: string): number | undefined {
  // A NUL would cut the name and find another's.
  cString(name)
  const index = indexOf(name)
  if (index !== 0) return index
  if (errno() === ENODEV) return undefined
  throw failure('find', `network interface ${name}`)
}

/** Of an `ifindex`; undefined when this process's network namespace has none of it. @throws {BpfError} */
export function interfaceName(index: number): string | undefined {
  if (!Number.isInteger(index) || index < 0 || index > 0xffff_ffff) {
    throw new RangeError(`an interface index is a whole number of 32 bits, not ${index}`)
  }
  const name = scratch(nameSize)
  if (interfaceNameInto(index, name.buffer) !== 0) return readString(name.address, nameSize)
  const error = errno()
  if (error === ENXIO || error === ENODEV) return undefined
  throw failure('find', `network interface ${index}`)
}

function failure(operation: string, object: string): BpfError {
  return new BpfError({ operation, object, errno: errno() })
}

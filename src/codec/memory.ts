import { apply, Buffer, floor, atomicLoad, Memory, atomicStore } from './intrinsics.ts'

const { defineProperty } = Object

/** Sets the first `size` bytes to zero. */
export function clear(memory: DataView, size: number): void {
  let o = 0
  for (; o + 4 <= size; o += 4) memory.setUint32(o, 0)
  for (; o < size; o++) memory.setUint8(o, 0)
}

/**
 * Copies the first `size` bytes to `offset`, by DataView's own methods: quicker for a few words than
 * making the arrays that a bulk copy needs, and memory that refuses to be written says so.
 */
export function copy(from: DataView, to: DataView, offset: number, size: number): void {
  let o = 0
  for (; o + 4 <= size; o += 4) to.setUint32(offset + o, from.getUint32(o))
  for (; o < size; o++) to.setUint8(offset + o, from.getUint8(o))
}

/** Copies the bytes `start` to `end` to the same place behind `offset`, no aligned integer of them in halves. */
export function copyAligned(
  from: DataView,
  to: DataView,
  offset: number,
  start: number,
  end: number,
): void {
  let o = start
  while (o < end) {
    const at = offset + o
    const left = end - o
    if (at % 8 === 0 && left >= 8) {
      to.setBigUint64(at, from.getBigUint64(o, true), true)
      o += 8
    } else if (at % 4 === 0 && left >= 4) {
      to.setUint32(at, from.getUint32(o, true), true)
      o += 4
    } else if (at % 2 === 0 && left >= 2) {
      to.setUint16(at, from.getUint16(o, true), true)
      o += 2
    } else {
      to.setUint8(at, from.getUint8(o))
      o += 1
    }
  }
}

/** `getUint8` and so on. */
const [getters, setters] = /*#__PURE__*/ ['get', 'set'].map((prefix) =>
  Object.getOwnPropertyNames(DataView.prototype).filter((name) => name.startsWith(prefix)),
) as [string[], string[]]

function duplicate(memory: DataView): DataView {
  return new Memory(memory.buffer, memory.byteOffset, memory.byteLength)
}

function refuse(memory: DataView, names: readonly string[], error: () => Error): DataView {
  for (let i = 0; i < names.length; i++) {
    defineProperty(memory, names[i] ?? '', {
      value: () => {
        throw error()
      },
    })
  }
  return memory
}

/** The same memory, to read: writing throws the error. Views have no test of their own to make. */
export function readOnlyMemory(memory: DataView, error: () => Error): DataView {
  return refuse(duplicate(memory), setters, error)
}

/** What views are aimed at when their memory is gone: reading and writing throw the error. */
export function deadMemory(error: () => Error): DataView {
  const memory = refuse(refuse(new Memory(new Buffer(0)), getters, error), setters, error)
  // Strings and bytes are read through the buffer.
  return defineProperty(memory, 'buffer', {
    get() {
      throw error()
    },
  })
}

/**
 * Memory that others write meanwhile. DataView's methods go byte by byte until they are compiled (V8:
 * data-view.tq), so that a counter could be read as a value it never had, and the kernel could see half
 * of one written here. Integers at their natural alignment are moved whole.
 */
export function liveMemory(memory: DataView): DataView {
  const live = duplicate(memory)
  if (memory.byteOffset % 8 !== 0) return live
  for (const Elements of [
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
  ]) {
    const size = Elements.BYTES_PER_ELEMENT
    const length = floor(memory.byteLength / size)
    // Of whichever type: Atomics moves numbers or bigints as the array holds them.
    const elements = new Elements(
      memory.buffer as ArrayBuffer,
      memory.byteOffset,
      length,
    ) as Int32Array
    const type = Elements.name.replace('Array', '') as 'Int32'
    const get = live[`get${type}`]
    const set = live[`set${type}`]
    defineProperty(live, `get${type}`, {
      value: (o: number, little?: boolean) =>
        o % size === 0 && little ? atomicLoad(elements, o / size) : apply(get, live, [o, little]),
    })
    defineProperty(live, `set${type}`, {
      value: (o: number, value: number, little?: boolean) => {
        if (o % size === 0 && little) atomicStore(elements, o / size, value)
        else apply(set, live, [o, value, little])
      },
    })
  }
  return live
}

/**
 * Memory of `size` bytes that is reached by calls. `fetch` gives the bytes from an offset on, good until the next call;
 * `put` takes those at the start of a buffer.
 */
export function remoteMemory(
  size: number,
  fetch: (offset: number, length: number) => DataView,
  put: (offset: number, bytes: DataView) => void,
): DataView {
  const memory = new Memory(new Buffer(0))
  const check = (offset: number, length: number): void => {
    if (offset >= 0 && offset + length <= size) return
    throw new RangeError(`${length} bytes at ${offset} are not in the ${size} there are`)
  }
  for (const name of getters as 'getUint16'[]) {
    const length = bytesOf(name)
    const value = (offset: number, littleEndian?: boolean): unknown => {
      check(offset, length)
      return fetch(offset, length)[name](0, littleEndian)
    }
    defineProperty(memory, name, { value })
  }
  const word = new Memory(new Buffer(8))
  for (const name of setters as 'setUint16'[]) {
    const bytes = new Memory(word.buffer, 0, bytesOf(name))
    const value = (offset: number, given: number, littleEndian?: boolean): void => {
      check(offset, bytes.byteLength)
      word[name](0, given, littleEndian)
      put(offset, bytes)
    }
    defineProperty(memory, name, { value })
  }
  // Strings and bytes are read through it.
  return defineProperty(memory, 'buffer', {
    get() {
      const { buffer, byteOffset } = fetch(0, size)
      return buffer.slice(byteOffset, byteOffset + size)
    },
  })
}

/** `getBigUint64` moves 8. */
function bytesOf(method: string): number {
  return Number(/\d+$/.exec(method)?.[0]) / 8
}

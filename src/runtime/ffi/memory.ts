import {
  apply,
  Buffer,
  Bytes,
  ceil,
  lengthOfBytes,
  max,
  Memory,
  setBytes,
  toBigInt,
  toNumber,
} from '../../codec/intrinsics.ts'
import { koffi } from './koffi.ts'
import { memcpyIn, strnlen } from './libc.ts'

/** JavaScript memory that C may read and write as long as this object is reachable: array buffers do not move. */
export interface Scratch {
  readonly address: number
  /** In bytes. */
  readonly size: number
  readonly buffer: ArrayBuffer
  readonly data: DataView<ArrayBuffer>
}

export function scratch(size: number): Scratch {
  // At least 8 bytes, and a multiple of 8: the kernel copies some values in whole words.
  const buffer = new Buffer(max(8, ceil(size / 8) * 8))
  const address = toNumber(koffi().address(buffer))
  return { address, size, buffer, data: new Memory(buffer) as DataView<ArrayBuffer> }
}

/**
 * Copies a user's bytes. Its `size` is the true length, which properties of the user's array may misstate.
 * @throws {TypeError} for anything but a typed array of bytes
 */
export function scratchOf(bytes: Uint8Array): Scratch {
  const copy = scratch(lengthOfBytes(bytes))
  setBytes(new Bytes(copy.buffer), bytes)
  return copy
}

const encoder = /*#__PURE__*/ new TextEncoder()
const { encode } = TextEncoder.prototype

/** Copies a string as UTF-8 with a final NUL. @throws {TypeError} when the string contains a NUL */
export function cString(text: string): Scratch {
  if (text.includes('\0'))
    throw new TypeError(`a name or path cannot contain a NUL: ${JSON.stringify(text)}`)
  const bytes = apply(encode, encoder, [text])
  const copy = scratch(lengthOfBytes(bytes) + 1)
  setBytes(new Bytes(copy.buffer), bytes)
  return copy
}

/** A C struct to fill. The memory that its pointers lead to stays reachable as long as the struct is. */
export interface Struct extends Scratch {
  /** Writes a pointer to `target`; undefined is NULL. */
  point(offset: number, target: Scratch | undefined): void
}

export function struct(size: number): Struct {
  const memory = scratch(size)
  const targets: Scratch[] = []
  return {
    ...memory,
    point(offset, target) {
      if (target) targets[targets.length] = target
      setPointer(memory.data, offset, target?.address ?? 0)
    },
  }
}

/** Makes an array of u64. */
export function words(values: readonly bigint[]): Scratch {
  const memory = scratch(8 * values.length)
  for (let i = 0; i < values.length; i++) memory.data.setBigUint64(8 * i, values[i] ?? 0n, true)
  return memory
}

/** Makes an array of strings: `const char **`. */
export function cStrings(texts: readonly string[]): Scratch {
  const list = struct(8 * texts.length)
  for (let i = 0; i < texts.length; i++) list.point(8 * i, cString(texts[i] ?? ''))
  return list
}

const sink: { memory?: unknown } = {}

/**
 * Keeps memory reachable until here: to be called after a call into C that was given its address, which the garbage
 * collector does not see.
 */
export function reachabilityFence(memory: unknown): void {
  sink.memory = memory
  sink.memory = undefined
}

/** Writes a pointer; 0 is NULL. */
export function setPointer(data: DataView, offset: number, address: number): void {
  data.setBigUint64(offset, toBigInt(address), true)
}

export function getPointer(data: DataView, offset: number): number {
  return toNumber(data.getBigUint64(offset, true))
}

/** Copies native memory into a new array. */
export function readBytes(address: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Bytes(length)
  if (length > 0) memcpyIn(bytes, address, length)
  return bytes
}

/** Reads the C string at `address`, of at most `limit` bytes; bad UTF-8 becomes U+FFFD. */
export function readString(address: number, limit: number): string {
  return new TextDecoder().decode(readBytes(address, strnlen(address, limit)))
}

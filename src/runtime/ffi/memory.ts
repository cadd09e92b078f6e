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

/** JavaScript's own memory that C may read and write while this is reachable: array buffers do not move. */
export interface Scratch {
  readonly address: number
  /** Bytes. */
  readonly size: number
  readonly buffer: ArrayBuffer
  readonly data: DataView<ArrayBuffer>
}

export function scratch(size: number): Scratch {
  // Never empty, and a multiple of 8: the kernel copies whole words of some values.
  const buffer = new Buffer(max(8, ceil(size / 8) * 8))
  const address = toNumber(koffi().address(buffer))
  return { address, size, buffer, data: new Memory(buffer) as DataView<ArrayBuffer> }
}

/**
 * A copy of somebody's bytes: as many as there really are, which `size` says. Nothing else of theirs is to be asked.
 * @throws {TypeError} unless it is a typed array of bytes
 */
export function scratchOf(bytes: Uint8Array): Scratch {
  const own = scratch(lengthOfBytes(bytes))
  setBytes(new Bytes(own.buffer), bytes)
  return own
}

const encoder = /*#__PURE__*/ new TextEncoder()
const { encode } = TextEncoder.prototype

/** A NUL-terminated copy. @throws {TypeError} when a NUL inside would cut it */
export function cString(text: string): Scratch {
  if (text.includes('\0')) throw new TypeError(`a name cannot hold a NUL: ${JSON.stringify(text)}`)
  const bytes = apply(encode, encoder, [text])
  const own = scratch(lengthOfBytes(bytes) + 1)
  setBytes(new Bytes(own.buffer), bytes)
  return own
}

/** A C struct that is being filled, and what its pointers lead to: reachable as long as the struct is. */
export interface Struct extends Scratch {
  /** Writes a pointer to `target`; undefined is NULL. */
  point(offset: number, target: Scratch | undefined): void
}

export function struct(size: number): Struct {
  const memory = scratch(size)
  const held: Scratch[] = []
  return {
    ...memory,
    point(offset, target) {
      if (target) held[held.length] = target
      setPointer(memory.data, offset, target?.address ?? 0)
    },
  }
}

/** An array of 64-bit values. */
export function words(values: readonly bigint[]): Scratch {
  const memory = scratch(8 * values.length)
  for (let i = 0; i < values.length; i++) memory.data.setBigUint64(8 * i, values[i] ?? 0n, true)
  return memory
}

/** `const char **` */
export function cStrings(texts: readonly string[]): Scratch {
  const list = struct(8 * texts.length)
  for (let i = 0; i < texts.length; i++) list.point(8 * i, cString(texts[i] ?? ''))
  return list
}

const used: { memory?: unknown } = {}

/**
 * After a call into C that was given addresses: until here their memory is reachable. libbpf calls back to say what it
 * does, and a callback may start a collection.
 */
export function reachabilityFence(memory: unknown): void {
  used.memory = memory
  used.memory = undefined
}

/** Writes a pointer; 0 is NULL. */
export function setPointer(data: DataView, offset: number, address: number): void {
  data.setBigUint64(offset, toBigInt(address), true)
}

export function getPointer(data: DataView, offset: number): number {
  return toNumber(data.getBigUint64(offset, true))
}

/** A copy of native memory. */
export function readBytes(address: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Bytes(length)
  if (length > 0) memcpyIn(bytes, address, length)
  return bytes
}

/** The C string at `address`, of at most `limit` bytes; bad UTF-8 as U+FFFD. */
export function readString(address: number, limit: number): string {
  return new TextDecoder().decode(readBytes(address, strnlen(address, limit)))
}

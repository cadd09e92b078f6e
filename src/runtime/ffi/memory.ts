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
  const buffer = new ArrayBuffer(Math.max(8, Math.ceil(size / 8) * 8))
  return { address: Number(koffi().address(buffer)), size, buffer, data: new DataView(buffer) }
}

/** The same over bytes that exist. */
export function scratchOf(bytes: Uint8Array): Scratch {
  const own = scratch(bytes.byteLength)
  new Uint8Array(own.buffer).set(bytes)
  return own
}

/** A NUL-terminated copy. @throws {TypeError} when a NUL inside would cut it */
export function cString(text: string): Scratch {
  if (text.includes('\0')) throw new TypeError(`a name cannot hold a NUL: ${JSON.stringify(text)}`)
  return scratchOf(new TextEncoder().encode(`${text}\0`))
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
      if (target) held.push(target)
      setPointer(memory.data, offset, target?.address ?? 0)
    },
  }
}

/** An array of 64-bit values. */
export function words(values: readonly bigint[]): Scratch {
  const memory = scratch(8 * values.length)
  for (const [index, value] of values.entries()) memory.data.setBigUint64(8 * index, value, true)
  return memory
}

/** `const char **` */
export function cStrings(texts: readonly string[]): Scratch {
  const list = struct(8 * texts.length)
  for (const [index, text] of texts.entries()) list.point(8 * index, cString(text))
  return list
}

const used: { memory?: unknown } = {}

/**
 * After a call into C that was given addresses: until here their memory is reachable. libbpf calls back to say what it
 * does, and a callback may start a collection.
 */
export function usedUntilHere(memory: unknown): void {
  used.memory = memory
  used.memory = undefined
}

/** Writes a pointer; 0 is NULL. */
export function setPointer(data: DataView, offset: number, address: number): void {
  data.setBigUint64(offset, BigInt(address), true)
}

export function getPointer(data: DataView, offset: number): number {
  return Number(data.getBigUint64(offset, true))
}

/** A copy of native memory. */
export function readBytes(address: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  if (length > 0) memcpyIn(bytes, address, length)
  return bytes
}

/** The C string at `address`, of at most `limit` bytes; bad UTF-8 as U+FFFD. */
export function readString(address: number, limit: number): string {
  return new TextDecoder().decode(readBytes(address, strnlen(address, limit)))
}

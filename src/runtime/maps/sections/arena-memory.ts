import { Bytes, lengthOfBytes, setBytes } from '../../../codec/intrinsics.ts'
import { remoteMemory } from '../../../codec/memory.ts'
import { ProcessMemory } from '../../ffi/process-memory.ts'
import { EFAULT } from '../../host/errno.ts'
import { BpfError } from '../../host/error.ts'
import type { MapHandle } from '../handle.ts'

/** A range of an arena, read and written by system calls, which fail where a page is missing. */
export class ArenaMemory {
  readonly view: DataView
  readonly #map: MapHandle
  /** The range's address in this process. */
  readonly #address: number
  readonly #buffer: ProcessMemory

  /** @param size bytes */
  constructor(map: MapHandle, address: number, size: number) {
    this.#map = map
    this.#address = address
    this.#buffer = new ProcessMemory(size)
    this.view = remoteMemory(
      size,
      (offset, length) => this.#fetch(offset, length),
      (offset, bytes) => this.put(offset, new Bytes(bytes.buffer, 0, bytes.byteLength)),
    )
  }

  put(offset: number, bytes: Uint8Array): void {
    this.#map.requireFd('write to')
    setBytes(new Bytes(this.#buffer.buffer.buffer), bytes)
    const length = lengthOfBytes(bytes)
    this.#check('write to', offset, this.#buffer.write(this.#address + offset, length))
  }

  #fetch(offset: number, length: number): DataView {
    this.#map.requireFd('read')
    this.#check('read', offset, this.#buffer.read(this.#address + offset, length))
    return this.#buffer.buffer.data
  }

  #check(operation: string, offset: number, errno: number): void {
    if (errno === 0) return
    throw new BpfError({
      operation,
      object: `0x${(this.#address + offset).toString(16)} in ${this.#map.title}`,
      errno,
      reason: errno === EFAULT ? 'no page is allocated there' : undefined,
      hint: errno === EFAULT ? 'A program allocates pages by bpf_arena_alloc_pages()' : undefined,
    })
  }
}

import { toBigInt } from '../../codec/intrinsics.ts'
import { EFAULT } from '../host/errno.ts'
import { errno, fromLibc } from './library.ts'
import type { Scratch } from './memory.ts'
import { scratch, setPointer } from './memory.ts'

const process_vm_readv = fromLibc('long process_vm_readv(int, ptr, size, ptr, size, size)')
const process_vm_writev = fromLibc('long process_vm_writev(int, ptr, size, ptr, size, size)')

/**
 * Copies between JavaScript's memory and an address of this process where a page may be missing. The kernel then
 * returns EFAULT, where a plain access would be SIGSEGV (process_vm_readv(2)).
 */
export class ProcessMemory {
  readonly buffer: Scratch
  /** process.pid is a getter, and slow. */
  readonly #pid = process.pid
  /** Two struct iovec, local and remote: address, length. */
  readonly #vectors = scratch(32)

  /** @param size of the largest copy, in bytes */
  constructor(size: number) {
    this.buffer = scratch(size)
    setPointer(this.#vectors.data, 0, this.buffer.address)
  }

  /** Copies from an address to the start of `buffer`. @returns 0, or the errno */
  read(address: number, length: number): number {
    return this.#copy(process_vm_readv, address, length)
  }

  /** Copies from the start of `buffer` to an address. @returns 0, or the errno */
  write(address: number, length: number): number {
    return this.#copy(process_vm_writev, address, length)
  }

  #copy(call: typeof process_vm_readv, address: number, length: number): number {
    const vectors = this.#vectors.data
    vectors.setBigUint64(8, toBigInt(length), true)
    setPointer(vectors, 16, address)
    vectors.setBigUint64(24, toBigInt(length), true)
    const copied = call(this.#pid, this.#vectors.address, 1, this.#vectors.address + 16, 1, 0)
    if (copied === length) return 0
    // Fewer bytes were copied: up to the missing page.
    return copied < 0 ? errno() : EFAULT
  }
}

import {
  functionAddress,
  getpagesize,
  keyCreate,
  memcpyOut,
  mprotect,
  munmap,
  PROT_EXEC,
  PROT_READ,
} from './libc.ts'
import { reserve } from './mapping.ts'
import { readBytes } from './memory.ts'
import type { PrintCode } from './print-code.ts'
import { printCode } from './print-code.ts'

/**
 * The function that libbpf passes its messages to (libbpf.h: libbpf_print_fn_t), one for all threads of the process. It
 * is machine code, since with a JavaScript callback libbpf would wait for another thread's event loop. It writes into
 * the buffer that its thread has under `key` (print-buffer.ts), or nowhere. Neither it nor the key is ever freed.
 */
export interface PrintFunction {
  /** `int print(enum libbpf_print_level, const char *, va_list)` */
  readonly address: number
  /** The address of `int run(struct print_buffer *)`, which makes a call with the buffer under the key of its thread. */
  readonly runAddress: number
  /** The key for pthread_setspecific(3). */
  readonly key: number
}

/** In milliseconds. The thread that put the placeholder in may wait long for a busy CPU. */
const timeout = 2000

/**
 * Installs the process's print function, or finds the one that another thread installed.
 * @param exchange libbpf_set_print(), which returns the print function before
 * @returns undefined where libbpf stays silent: on architectures without machine code, and where memory may not be made
 * executable
 */
export function installPrintFunction(
  exchange: (print: number) => number,
): PrintFunction | undefined {
  const placeholder = symbolAddress('abs')
  let before = exchange(placeholder)
  // While the placeholder is there, another thread is between its two exchanges. That takes microseconds, unless the
  // thread was terminated there.
  for (let wait = 0; before === placeholder && wait < timeout; wait++) {
    sleep(1)
    before = exchange(placeholder)
  }
  const found = printFunctionAt(before) ?? mapPrintFunction()
  exchange(found?.address ?? 0)
  return found
}

function symbolAddress(name: string): number {
  return functionAddress(0, name)
}

function constants(key: number): Parameters<typeof printCode>[1] {
  return {
    key,
    vsnprintf: symbolAddress('vsnprintf'),
    pthread_getspecific: symbolAddress('pthread_getspecific'),
    pthread_setspecific: symbolAddress('pthread_setspecific'),
    pthread_sigmask: symbolAddress('pthread_sigmask'),
  }
}

/** Recognises an installed print function by its code. It is at the start of a page, so that all bytes can be read. */
function printFunctionAt(address: number): PrintFunction | undefined {
  if (address === 0 || address % getpagesize() !== 0) return undefined
  const expected = printCode(process.arch, constants(0))
  if (!expected) return undefined
  const bytes = readBytes(address, expected.bytes.length)
  const key = Number(new DataView(bytes.buffer).getBigUint64(expected.keyOffset, true))
  const same = printCode(process.arch, constants(key))
  return same && Buffer.compare(bytes, same.bytes) === 0
    ? printFunction(address, same, key)
    : undefined
}

function mapPrintFunction(): PrintFunction | undefined {
  const key = new Uint32Array(1)
  if (!printCode(process.arch, constants(0)) || keyCreate(key, 0) !== 0) return undefined
  const [number = 0] = key
  const code = printCode(process.arch, constants(number))
  const memory = reserve(getpagesize())
  if (!code || !memory) return undefined
  const { address, length } = memory
  memcpyOut(address, code.bytes, code.bytes.length)
  if (mprotect(address, length, PROT_READ | PROT_EXEC) < 0) {
    munmap(address, length)
    return undefined
  }
  return printFunction(address, code, number)
}

function printFunction(address: number, { runOffset }: PrintCode, key: number): PrintFunction {
  return { address, runAddress: address + runOffset, key }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

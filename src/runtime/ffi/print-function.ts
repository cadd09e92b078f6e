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
 * libbpf's print function (libbpf.h: libbpf_print_fn_t), one a process for all threads. No JavaScript is in it, so that
 * libbpf never waits for another thread's event loop. It writes into the buffer that the thread it runs on has under
 * `key` (print-buffer.ts), and nothing where it has none. Neither it nor the key is ever freed.
 */
export interface PrintFunction {
  /** `int print(enum libbpf_print_level, const char *, va_list)` */
  readonly address: number
  /** `int run(struct print_buffer *)`: makes a call with the buffer under the key of whatever thread it runs on. */
  readonly runAddress: number
  /** Of pthread_setspecific(3). */
  readonly key: number
}

/** Milliseconds. A thread that holds the placeholder may wait long for a busy CPU. */
const maxWaits = 2000

/**
 * Installs the process's print function, or finds the one that another thread installed.
 * @param exchange libbpf_set_print(), which returns what was there
 * @returns undefined where libbpf stays silent: on other architectures, and where no memory may be made executable
 */
export function installPrintFunction(
  exchange: (print: number) => number,
): PrintFunction | undefined {
  const placeholder = symbolAddress('abs')
  let before = exchange(placeholder)
  // Another thread is between the two exchanges; unless it was terminated there, it takes microseconds.
  for (let wait = 0; before === placeholder && wait < maxWaits; wait++) {
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

/** The print function at an address, when its code is this one. It starts a page, whose bytes can all be read. */
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

function printFunction(address: number, { runOffset: run }: PrintCode, key: number): PrintFunction {
  return { address, runAddress: address + run, key }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

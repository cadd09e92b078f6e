import { Bytes, isBytes, lengthOfBytes, min, setBytes } from '../../codec/intrinsics.ts'
import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_PROG_TEST_RUN, bpf } from '../ffi/bpf.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch, scratchOf, setPointer, reachabilityFence } from '../ffi/memory.ts'
import { ENOSPC } from '../host/errno.ts'
import type { Program } from './program.ts'

/** The input of BPF_PROG_TEST_RUN. Each program type takes a part of it. */
export interface TestRun {
  readonly data?: Uint8Array
  readonly ctx?: Uint8Array
  /** Whether the kernel writes the context back to where it read it. */
  readonly inPlace?: boolean
  readonly repeat?: number
  readonly flags?: number
  readonly cpu?: number
  readonly batchSize?: number
  /** Bytes that the packet may grow by; 0: the packet is not returned. */
  readonly maxGrowth?: number
}

export interface TestRunOutput {
  /** The program's return value, unsigned. */
  readonly retval: number
  /** The packet after the run. */
  readonly data: Uint8Array
  /** The context after the run. */
  readonly ctx: Uint8Array
  /** The average time of a run in nanoseconds. */
  readonly duration: number
}

/** union bpf_attr.test (linux/bpf.h), in bytes. */
const attrSize = 80

/** Runs a program by BPF_PROG_TEST_RUN. @throws {BpfError} ENOTSUPP for program types that cannot be run so */
export function testRun(program: Program, run: TestRun): TestRunOutput {
  const {
    data = new Uint8Array(),
    ctx = new Uint8Array(),
    inPlace = false,
    maxGrowth: growth = 0,
  } = run
  const input = scratchOf(data)
  const output = scratch(growth === 0 ? 0 : input.size + growth)
  const context = scratchOf(ctx)
  const contextOut = scratch(context.size)
  const attr = scratch(attrSize)
  const d = attr.data
  d.setUint32(0, registeredDescriptor(program), true)
  d.setUint32(8, input.size, true)
  d.setUint32(12, output.size, true)
  setPointer(d, 16, input.size === 0 ? 0 : input.address)
  setPointer(d, 24, output.size === 0 ? 0 : output.address)
  d.setUint32(32, run.repeat ?? 0, true)
  d.setUint32(40, context.size, true)
  d.setUint32(44, inPlace ? 0 : context.size, true)
  setPointer(d, 48, context.size === 0 ? 0 : context.address)
  setPointer(d, 56, inPlace || context.size === 0 ? 0 : contextOut.address)
  d.setUint32(64, run.flags ?? 0, true)
  d.setUint32(68, run.cpu ?? 0, true)
  d.setUint32(72, run.batchSize ?? 0, true)
  const result = bpf(BPF_PROG_TEST_RUN, attr)
  reachabilityFence([input, output, context, contextOut])
  if (result === -ENOSPC) {
    throw program.failure('test', ENOSPC, `the packet grew by more than ${growth} bytes`)
  }
  if (result < 0) throw program.failure('test', -result)
  return {
    retval: d.getUint32(4, true),
    data: copyOf(output, d.getUint32(12, true)),
    ctx: inPlace ? copyOf(context, context.size) : copyOf(contextOut, d.getUint32(44, true)),
    duration: d.getUint32(36, true),
  }
}

/** Copies the first bytes, at most all of them. */
function copyOf(memory: Scratch, length: number): Uint8Array {
  const copy = new Bytes(min(length, memory.size))
  setBytes(copy, new Bytes(memory.buffer, 0, lengthOfBytes(copy)))
  return copy
}

/** Returns the value. @throws {TypeError} unless it is a Uint8Array */
export function requireBytes(name: string, value: Uint8Array): Uint8Array {
  if (isBytes(value)) return value
  throw new TypeError(`${name} must be a Uint8Array, not ${typeof value}`)
}

import { BpfError } from '../error.ts'
import { bpf, command } from '../ffi/bpf.ts'
import { ENOSPC } from '../ffi/errno.ts'
import { scratch, scratchOf, setPointer } from '../ffi/memory.ts'
import { requireKnown } from '../known-options.ts'
import type { Program } from './program.ts'

export interface TestRunOptions {
  /** The packet, for programs that see packets. */
  data?: Uint8Array
  /** The context struct. */
  ctx?: Uint8Array
  /** Runs; 1 by default. */
  repeat?: number
}

export interface TestRunResult {
  /** What the program returned, unsigned. */
  retval: number
  /** The packet after the run. */
  data: Uint8Array
  /** The context after the run. */
  ctx: Uint8Array
  /** Nanoseconds a run, on average. */
  duration: number
}

/** union bpf_attr.test (linux/bpf.h). */
const attrSize = 80
/** BPF_PROG_TYPE_RAW_TRACEPOINT and _SYSCALL, which take a context and nothing else, and write it back in place. */
const rawTracepoint = 17
const syscall = 31
/** Programs may lengthen a packet; the kernel writes no more than it is told there is room for. */
const growth = 4096

/** BPF_PROG_TEST_RUN. @throws {BpfError} ENOTSUPP for program types that cannot */
export function testRun(program: Program, options: TestRunOptions = {}): TestRunResult {
  requireKnown('testRun()', options, ['data', 'ctx', 'repeat'])
  const { data = new Uint8Array(), ctx = new Uint8Array(), repeat = 0 } = options
  const inPlace = program.type === rawTracepoint || program.type === syscall
  const input = scratchOf(data)
  const output = scratch(data.length === 0 ? 0 : data.length + growth)
  const context = scratchOf(ctx)
  const contextOut = scratch(ctx.length)
  const attr = scratch(attrSize)
  const d = attr.data
  d.setUint32(0, program.fd, true)
  d.setUint32(8, data.length, true)
  d.setUint32(12, data.length === 0 ? 0 : output.size, true)
  setPointer(d, 16, data.length === 0 ? 0 : input.address)
  setPointer(d, 24, data.length === 0 ? 0 : output.address)
  d.setUint32(32, repeat, true)
  d.setUint32(40, ctx.length, true)
  d.setUint32(44, inPlace ? 0 : ctx.length, true)
  setPointer(d, 48, ctx.length === 0 ? 0 : context.address)
  setPointer(d, 56, inPlace || ctx.length === 0 ? 0 : contextOut.address)
  const result = bpf(command.programTestRun, attr)
  if (result < 0 && result !== -ENOSPC) throw program.failure('test', -result)
  if (result < 0) {
    throw new BpfError({
      operation: 'test',
      object: program.title,
      errno: ENOSPC,
      reason: `the packet grew by more than ${growth} bytes`,
    })
  }
  return {
    retval: d.getUint32(4, true),
    data: new Uint8Array(output.buffer.slice(0, d.getUint32(12, true))),
    ctx: new Uint8Array(
      inPlace
        ? context.buffer.slice(0, ctx.length)
        : contextOut.buffer.slice(0, d.getUint32(44, true)),
    ),
    duration: d.getUint32(36, true),
  }
}

import { BPF_F_TEST_XDP_LIVE_FRAMES } from '../../uapi/prog-flags.ts'
import { uint32 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { requireBytes, testRun } from './test-run.ts'

export interface PacketRunOptions {
  /** The packet; the kernel wants at least 14 bytes, an Ethernet header. */
  data?: Uint8Array | undefined
  /** The context, `struct __sk_buff` or `struct xdp_md`; fields that the kernel does not take must be zero. */
  ctx?: Uint8Array | undefined
  /** The number of runs; default: 1. */
  repeat?: number | undefined
  /** BPF_F_TEST_ flags. */
  flags?: number | undefined
  /** Packets in a batch, with BPF_F_TEST_XDP_LIVE_FRAMES. */
  batchSize?: number | undefined
}

/** Bytes that a program may add to a packet in a test run. */
const maxGrowth = 4096
const optionNames = ['data', 'ctx', 'repeat', 'flags', 'batchSize']

/** A program that runs on packets, and can be tested on a given one. LWT_* and SCHED_ACT have no attach methods in libbpf. */
export class PacketProgram extends Program {
  /** Runs the program in the kernel on a given packet, once or `repeat` times. @throws {BpfError} */
  testRun(options: PacketRunOptions = {}): TestRunOutput {
    requireKnownOptions('testRun()', options, optionNames)
    const { data = new Uint8Array(), ctx = new Uint8Array(), flags = 0 } = options
    return testRun(this, {
      data: requireBytes('data', data),
      ctx: requireBytes('ctx', ctx),
      repeat: uint32('repeat', options.repeat ?? 0),
      flags: uint32('flags', flags),
      batchSize: uint32('batchSize', options.batchSize ?? 0),
      // Live frames are sent and not returned.
      maxGrowth: (flags & BPF_F_TEST_XDP_LIVE_FRAMES) === 0 ? maxGrowth : 0,
    })
  }
}

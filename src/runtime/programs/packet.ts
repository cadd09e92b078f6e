import { BPF_F_TEST_XDP_LIVE_FRAMES } from '../../uapi/prog-flags.ts'
import { uint32 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { requireBytes, testRun } from './test-run.ts'

export interface PacketRunOptions {
  /** The packet; the kernel wants at least 14 bytes, an Ethernet header. */
  data?: Uint8Array | undefined
  /** The context struct, `struct __sk_buff` or `struct xdp_md`: the fields that may be given. */
  ctx?: Uint8Array | undefined
  /** Runs; 1 by default. */
  repeat?: number | undefined
  /** BPF_F_TEST_ flags. */
  flags?: number | undefined
  /** With BPF_F_TEST_XDP_LIVE_FRAMES: packets a batch. */
  batchSize?: number | undefined
}

/** Programs may lengthen a packet; the kernel writes no more than it is told there is room for. */
const maxGrowth = 4096
const optionNames = ['data', 'ctx', 'repeat', 'flags', 'batchSize']

/** What runs on packets, and can be tried on one of ours: LWT_ and SCHED_ACT, which libbpf does not attach, and more. */
export class PacketProgram extends Program {
  /** Runs it once, or `repeat` times, on a packet of ours, in the kernel. @throws {BpfError} */
  testRun(options: PacketRunOptions = {}): TestRunOutput {
    requireKnownOptions('testRun()', options, optionNames)
    const { data = new Uint8Array(), ctx = new Uint8Array(), flags = 0 } = options
    return testRun(this, {
      data: requireBytes('data', data),
      ctx: requireBytes('ctx', ctx),
      repeat: uint32('repeat', options.repeat ?? 0),
      flags: uint32('flags', flags),
      batchSize: uint32('batchSize', options.batchSize ?? 0),
      // Frames that go live do not come back.
      maxGrowth: (flags & BPF_F_TEST_XDP_LIVE_FRAMES) === 0 ? maxGrowth : 0,
    })
  }
}

import type { Integer } from '../../codec/input.ts'
import { isBytes } from '../../codec/intrinsics.ts'
import { BPF_F_TEST_RUN_ON_CPU } from '../../uapi/prog-flags.ts'
import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { copyList, uint32, uint64 } from '../ffi/arguments.ts'
import { BPF_RAW_TRACEPOINT_OPEN, bpf } from '../ffi/bpf.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { cString, struct, reachabilityFence, words } from '../ffi/memory.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { rawTracepointLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { descriptorLink } from '../links/native.ts'
import { rawTracepointAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { testRun } from './test-run.ts'

const bpf_program__attach_raw_tracepoint = fromLibbpf(
  'ptr bpf_program__attach_raw_tracepoint(ptr, str)',
)

export interface RawTracepointRunOptions {
  /** The arguments of the tracepoint: at most 12, of 8 bytes each. */
  ctx?: Uint8Array | readonly Integer[] | undefined
  /** The CPU to run on. Default: the one of this thread. */
  cpu?: number | undefined
}

/** BPF_PROG_TYPE_RAW_TRACEPOINT. */
export class RawTracepointProgram extends Program {
  /**
   * @param tracepoint the name without its category: `sched_process_exec`
   * @param options.cookie the value of bpf_get_attach_cookie() in the program; needs Linux 6.10
   */
  attachRawTracepoint(tracepoint: string, options: { cookie?: Integer | undefined } = {}): Link {
    requireKnownOptions('attachRawTracepoint()', options, ['cookie'])
    const operation = `attach to raw tracepoint ${tracepoint}`
    const cookie = uint64('cookie', options.cookie ?? 0)
    if (cookie === 0n) {
      return this.adopt(
        linkByLibbpf(this, operation, bpf_program__attach_raw_tracepoint, tracepoint),
      )
    }
    // union bpf_attr.raw_tracepoint: libbpf has it from 1.4 on.
    const attr = struct(24)
    attr.point(0, cString(tracepoint))
    attr.data.setUint32(8, registeredDescriptor(this), true)
    attr.data.setBigUint64(16, cookie, true)
    const fd = bpf(BPF_RAW_TRACEPOINT_OPEN, attr)
    reachabilityFence(attr)
    if (fd < 0) throw this.failure(operation, -fd)
    return this.adopt(descriptorLink(fd))
  }

  /** Runs the program once with given arguments. */
  testRun(options: RawTracepointRunOptions = {}): Pick<TestRunOutput, 'retval'> {
    requireKnownOptions('testRun()', options, ['ctx', 'cpu'])
    const { ctx = [], cpu } = options
    const { retval } = testRun(this, {
      ctx: isBytes(ctx) ? ctx : argumentBytes(ctx),
      inPlace: true,
      ...(cpu === undefined ? {} : { flags: BPF_F_TEST_RUN_ON_CPU, cpu: uint32('cpu', cpu) }),
    })
    return { retval }
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    return rawTracepointAdvice(attempt.log) ?? super.advice(attempt)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return rawTracepointLinks
  }
}

/** Encodes the arguments; negative ones as C passes them. */
function argumentBytes(args: readonly Integer[]): Uint8Array {
  const values = words(copyList('ctx', args, (arg) => BigInt.asUintN(64, BigInt(arg))))
  return new Uint8Array(values.buffer, 0, values.size)
}

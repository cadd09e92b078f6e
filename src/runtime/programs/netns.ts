import { withOpened } from '../descriptors/path.ts'
import { uint32 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { netnsLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { PacketProgram } from './packet.ts'
import { Program } from './program.ts'
import type { TestRunOutput } from './test-run.ts'
import { requireBytes, testRun } from './test-run.ts'

const bpf_program__attach_netns = fromLibbpf('ptr bpf_program__attach_netns(ptr, int)')

/** BPF_PROG_TYPE_SK_LOOKUP: chooses the socket for a new connection or datagram. */
export class SkLookupProgram extends Program {
  /** @param netns a network namespace: a path (`/proc/self/ns/net`), a name of `ip netns`, or a descriptor */
  attachNetns(netns: string | number): Link {
    return this.adopt(attachNetns(this, netns))
  }

  /**
   * Runs the program once, or `repeat` times.
   * @param options.ctx `struct bpf_sk_lookup`; the returned one has the chosen socket's `cookie`
   */
  testRun(options: {
    ctx: Uint8Array
    repeat?: number | undefined
  }): Pick<TestRunOutput, 'retval' | 'ctx' | 'duration'> {
    requireKnownOptions('testRun()', options, ['ctx', 'repeat'])
    const repeat = uint32('repeat', options.repeat ?? 0)
    const { retval, ctx, duration } = testRun(this, {
      ctx: requireBytes('ctx', options.ctx),
      repeat,
    })
    return { retval, ctx, duration }
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return netnsLinks
  }
}

/** BPF_PROG_TYPE_FLOW_DISSECTOR. The `data` of a test run's result is `struct bpf_flow_keys`. */
export class FlowDissectorProgram extends PacketProgram {
  /** @param netns a network namespace: a path (`/proc/self/ns/net`), a name of `ip netns`, or a descriptor */
  attachNetns(netns: string | number): Link {
    return this.adopt(attachNetns(this, netns))
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return netnsLinks
  }
}

function attachNetns(program: Program, netns: string | number): NativeLink {
  const attach = (fd: number): NativeLink =>
    linkByLibbpf(program, `attach to network namespace ${netns}`, bpf_program__attach_netns, fd)
  return typeof netns === 'string' && !netns.includes('/')
    ? withOpened(`/run/netns/${netns}`, attach, 'Give a name that `ip netns list` shows, or a path')
    : withOpened(netns, attach)
}

import type { Integer } from '../codec/input.ts'
import { unsupported } from '../error.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { fromLibbpf } from '../ffi/library.ts'
import { cString } from '../ffi/memory.ts'
import { requireKnown } from '../known-options.ts'
import { kernelLink, linkByLibbpf, tailOffset } from '../links/create.ts'
import type { NativeLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import type { Binary } from './binary.ts'
import { pathOfBinary } from './binary.ts'
import type { Functions } from './functions.ts'
import { functionList, perFunction, requireAttachType } from './functions.ts'
import { pidOf } from './pid.ts'
import type { Program } from './program.ts'

const bpf_program__attach_uprobe_multi = fromLibbpf(
  'bpf_program__attach_uprobe_multi',
  'uintptr_t',
  ['uintptr_t', 'int', 'str', 'str?', 'uintptr_t'],
)
/** linux/bpf.h: enum bpf_attach_type, BPF_F_UPROBE_MULTI_RETURN. */
const BPF_TRACE_UPROBE_MULTI = 48
const BPF_TRACE_UPROBE_SESSION = 57
const atReturn = 1

export interface UprobeMultiOptions {
  /** Only this process; `'self'` is this one. Left out: every process that maps the file. */
  pid?: number | 'self'
  /** What bpf_get_attach_cookie() returns in each function, in the order of names or offsets. */
  cookies?: readonly Integer[]
  /** Byte offsets in the file of counters of who watches, in the same order. */
  refCtrOffsets?: readonly Integer[]
  /** At their returns. */
  retprobe?: boolean
  /** At entry and return, as one run. Default: of programs of `SEC("uprobe.session")`. Kernel 6.13. */
  session?: boolean
}

export function attachUprobeMulti(
  program: Program,
  binary: Binary,
  functions: Functions,
  options: UprobeMultiOptions = {},
): NativeLink {
  requireKnown('attachUprobeMulti()', options, [
    'cookies',
    'pid',
    'refCtrOffsets',
    'retprobe',
    'session',
  ])
  const list = functionList(functions)
  const { places, names, count, pattern } = list
  const cookies = perFunction('cookies', options.cookies, list)
  const counters = perFunction('refCtrOffsets', options.refCtrOffsets, list)
  const session = options.session ?? program.expectedAttachType === BPF_TRACE_UPROBE_SESSION
  const pid = pidOf(options.pid)
  const path = pathOfBinary(binary, options.pid)
  const operation = `attach to ${pattern ?? `${count} functions`} of ${binary}`
  const multiTypes = [BPF_TRACE_UPROBE_MULTI, BPF_TRACE_UPROBE_SESSION]
  requireAttachType(program, operation, 'uprobe', multiTypes)
  if (!places) {
    if (!libbpfIsAtLeast(1, session ? 6 : 3)) {
      const reason = 'the installed libbpf finds no functions of many uprobes'
      const hint = `Give their offsets in the file, or use libbpf 1.${session ? 6 : 3}`
      throw unsupported(operation, program.title, reason, hint)
    }
    // struct bpf_uprobe_multi_opts: sz, syms, offsets, ref_ctr_offsets, cookies, cnt, retprobe, session.
    const opts = attachOptions(56)
    opts.point(8, names)
    opts.point(24, counters)
    opts.point(32, cookies)
    opts.data.setBigUint64(40, BigInt(count), true)
    opts.data.setUint8(48, options.retprobe ? 1 : 0)
    opts.data.setUint8(49, session ? 1 : 0)
    const attach = bpf_program__attach_uprobe_multi
    return linkByLibbpf(program, operation, attach, pid, path, pattern, opts)
  }
  return kernelLink(program, operation, {
    target: 0,
    attachType: session ? BPF_TRACE_UPROBE_SESSION : BPF_TRACE_UPROBE_MULTI,
    // union bpf_attr.link_create.uprobe_multi: path, offsets, ref_ctr_offsets, cookies, cnt, flags, pid.
    tail(attr) {
      attr.point(tailOffset, cString(path))
      attr.point(tailOffset + 8, places)
      attr.point(tailOffset + 16, counters)
      attr.point(tailOffset + 24, cookies)
      attr.data.setUint32(tailOffset + 32, count, true)
      attr.data.setUint32(tailOffset + 36, options.retprobe ? atReturn : 0, true)
      attr.data.setUint32(tailOffset + 40, pid === 0 ? process.pid : Math.max(0, pid), true)
    },
  })
}

import type { Integer } from '../../codec/input.ts'
import { BPF_F_KPROBE_MULTI_RETURN } from '../../uapi/attach-flags.ts'
import { BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION } from '../../uapi/attach-type.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { cStrings } from '../ffi/memory.ts'
import { unsupported } from '../host/error.ts'
import { kernelLink, linkByLibbpf, typeFieldsOffset } from '../links/create.ts'
import type { NativeLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import type { FunctionList, Functions } from './functions.ts'
import { functionList, valuesPerFunction, requireAttachType } from './functions.ts'
import type { Program } from './program.ts'

const bpf_program__attach_kprobe_multi_opts = fromLibbpf(
  'ptr bpf_program__attach_kprobe_multi_opts(ptr, str?, ptr)',
)

export interface KprobeMultiOptions {
  /** The values of bpf_get_attach_cookie() in each function, in the order of names or addresses. */
  cookies?: readonly Integer[] | undefined
  /** Runs when the functions return. */
  retprobe?: boolean | undefined
  /** Runs at entry and return. Default: true for programs of `SEC("kprobe.session")`. Needs Linux 6.10. */
  session?: boolean | undefined
}

export function attachKprobeMulti(
  program: Program,
  functions: Functions,
  options: KprobeMultiOptions = {},
): NativeLink {
  requireKnownOptions('attachKprobeMulti()', options, ['cookies', 'retprobe', 'session'])
  const list = functionList(functions)
  const cookies = valuesPerFunction('cookies', options.cookies, list)
  const operation = `attach to ${describe(functions)}`
  requireAttachType(program, operation, 'kprobe', [
    BPF_TRACE_KPROBE_MULTI,
    BPF_TRACE_KPROBE_SESSION,
  ])
  const session = options.session ?? program.expectedAttachType === BPF_TRACE_KPROBE_SESSION
  if (session && !libbpfIsAtLeast(1, 5)) return sessionLink(program, operation, list, options)
  // struct bpf_kprobe_multi_opts: sz, syms, addrs, cookies, cnt, retprobe, session, unique_match.
  const opts = attachOptions(48)
  opts.point(8, list.names && cStrings(list.names))
  opts.point(16, list.locations)
  opts.point(24, cookies)
  opts.data.setBigUint64(32, BigInt(list.count), true)
  opts.data.setUint8(40, options.retprobe ? 1 : 0)
  opts.data.setUint8(41, session ? 1 : 0)
  return linkByLibbpf(program, operation, bpf_program__attach_kprobe_multi_opts, list.pattern, opts)
}

/** Creates a session link by bpf(2), where libbpf knows none. The kernel takes names and addresses. */
function sessionLink(
  program: Program,
  operation: string,
  list: FunctionList,
  { cookies, retprobe }: KprobeMultiOptions,
): NativeLink {
  if (list.pattern !== null) {
    const reason = 'the installed libbpf resolves no patterns for sessions'
    throw unsupported(operation, program.title, reason, 'Name the functions, or install libbpf 1.5')
  }
  return kernelLink(program, operation, {
    target: 0,
    attachType: BPF_TRACE_KPROBE_SESSION,
    // union bpf_attr.link_create.kprobe_multi: flags, cnt, syms, addrs, cookies.
    writeTypeFields(attr) {
      attr.data.setUint32(typeFieldsOffset, retprobe ? BPF_F_KPROBE_MULTI_RETURN : 0, true)
      attr.data.setUint32(typeFieldsOffset + 4, list.count, true)
      attr.point(typeFieldsOffset + 8, list.names && cStrings(list.names))
      attr.point(typeFieldsOffset + 16, list.locations)
      attr.point(typeFieldsOffset + 24, valuesPerFunction('cookies', cookies, list))
    },
  })
}

function describe(functions: Functions): string {
  return typeof functions === 'string' ? functions : `${functions.length} functions`
}

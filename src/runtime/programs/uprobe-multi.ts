import type { Integer } from '../../codec/input.ts'
import { BPF_F_UPROBE_MULTI_RETURN } from '../../uapi/attach-flags.ts'
import { BPF_TRACE_UPROBE_MULTI, BPF_TRACE_UPROBE_SESSION } from '../../uapi/attach-type.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { cString, words } from '../ffi/memory.ts'
import { kernelLink, typeFieldsOffset } from '../links/create.ts'
import type { NativeLink } from '../links/native.ts'
import type { Binary } from './binary.ts'
import { pathOfBinary } from './binary.ts'
import type { LookupContext } from './function-offsets.ts'
import { offsetsMatching, offsetsOf } from './function-offsets.ts'
import type { FunctionList, Functions } from './functions.ts'
import { functionList, valuesPerFunction, requireAttachType } from './functions.ts'
import { libbpfPid } from './libbpf-pid.ts'
import type { Program } from './program.ts'

export interface UprobeMultiOptions {
  /** Only this process; `'self'` is this one. Default: every process that maps the file. */
  pid?: number | 'self' | undefined
  /** The values of bpf_get_attach_cookie() in each function, in the order of names or offsets. */
  cookies?: readonly Integer[] | undefined
  /** Byte offsets in the file of reference counters (USDT semaphores), in the same order. */
  refCtrOffsets?: readonly Integer[] | undefined
  /** Runs when the functions return. */
  retprobe?: boolean | undefined
  /** Runs at entry and return. Default: true for programs of `SEC("uprobe.session")`. Needs Linux 6.13. */
  session?: boolean | undefined
}

export function attachUprobeMulti(
  program: Program,
  binary: Binary,
  functions: Functions,
  options: UprobeMultiOptions = {},
): NativeLink {
  requireKnownOptions('attachUprobeMulti()', options, [
    'cookies',
    'pid',
    'refCtrOffsets',
    'retprobe',
    'session',
  ])
  const list = functionList(functions)
  const cookies = valuesPerFunction('cookies', options.cookies, list)
  const counters = valuesPerFunction('refCtrOffsets', options.refCtrOffsets, list)
  const session = options.session ?? program.expectedAttachType === BPF_TRACE_UPROBE_SESSION
  const pid = libbpfPid(options.pid)
  const path = pathOfBinary(binary, options.pid)
  const operation = `attach to ${list.pattern ?? `${list.count} functions`} of ${binary}`
  const multiTypes = [BPF_TRACE_UPROBE_MULTI, BPF_TRACE_UPROBE_SESSION]
  requireAttachType(program, operation, 'uprobe', multiTypes)
  const places = list.locations ?? words(resolve({ program, operation }, path, list))
  return kernelLink(program, operation, {
    target: 0,
    attachType: session ? BPF_TRACE_UPROBE_SESSION : BPF_TRACE_UPROBE_MULTI,
    // union bpf_attr.link_create.uprobe_multi: path, offsets, ref_ctr_offsets, cookies, cnt, flags, pid.
    writeTypeFields(attr) {
      attr.point(typeFieldsOffset, cString(path))
      attr.point(typeFieldsOffset + 8, places)
      attr.point(typeFieldsOffset + 16, counters)
      attr.point(typeFieldsOffset + 24, cookies)
      attr.data.setUint32(typeFieldsOffset + 32, places.size / 8, true)
      attr.data.setUint32(
        typeFieldsOffset + 36,
        options.retprobe ? BPF_F_UPROBE_MULTI_RETURN : 0,
        true,
      )
      attr.data.setUint32(typeFieldsOffset + 40, pid === 0 ? process.pid : Math.max(0, pid), true)
    },
  })
}

function resolve(attempt: LookupContext, path: string, { pattern, names }: FunctionList): bigint[] {
  return pattern === null
    ? offsetsOf(attempt, path, names ?? [])
    : offsetsMatching(attempt, path, pattern)
}

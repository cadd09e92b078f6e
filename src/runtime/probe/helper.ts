import { BPF_LSM_MAC, BPF_TRACE_RAW_TP } from '../../uapi/attach-type.ts'
import type { Kind } from '../../uapi/btf.ts'
import { progTypes } from '../../uapi/prog-type.ts'
import { unsupported } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import { kernelBtf } from './kernel-btf.ts'
import type { ProgramType } from './program-type.ts'
import { programType, programTypeNumber, programTypeTitle, refusedProbe } from './program-type.ts'
import type { TrialTarget } from './trial-load.ts'
import { trialLoad } from './trial-load.ts'

/** What the verifier says about a helper that it does not know, or not for the program type (verifier.c: check_helper_call). */
const refusals = /^(invalid func|unknown func|program of this type cannot use helper)\b/m

/** Results by program type and helper: kernels do not change while they run. */
const cachedResults = new Map<string, boolean>()

/**
 * Returns whether programs of a type may call a helper, by having the verifier check such a call. libbpf's own probe
 * takes the messages of kernels since 6.9, and the refusal of an unprivileged process, for a yes.
 * @param helper `bpf_get_current_task`, `get_current_task`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell; `ERR_BPF_UNSUPPORTED` for types that are verified
 *   against one target (`ext`, `struct_ops`), and for helper names on a kernel without BTF
 */
export function helper(programType: ProgramType, helper: string | number): boolean {
  const type = programTypeNumber(programType)
  const number = typeof helper === 'number' ? helper : helperNumber(helper)
  if (number === undefined) return false
  if (!Number.isInteger(number) || number <= 0 || number > 0x7fff_ffff) {
    throw new RangeError(`a helper must be a name or a positive 32-bit integer, not ${number}`)
  }
  const key = `${type} ${number}`
  let has = cachedResults.get(key)
  if (has === undefined) {
    has = probe(type, number, `helper ${helper} of ${programTypeTitle(type)}`)
    cachedResults.set(key, has)
  }
  return has
}

function probe(type: number, number: number, title: string): boolean {
  const name = progTypes[type]
  if (name === 'struct_ops' || name === 'ext') {
    throw unsupported('probe', title, 'the helpers of such programs depend on what they replace')
  }
  const { result, log } = trialLoad(type, number, targetOf(type))
  if (result >= 0) return true
  if (refusals.test(log)) {
    requireCertainty(title)
    return false
  }
  // The verifier knows the helper when it complains about the call's arguments, of which there are none.
  if (log !== '') return true
  if (!programType(type)) return false
  throw refusedProbe(title, -result)
}

/** The target of types that are verified against what they attach to: any tracepoint, any hook will do. */
function targetOf(type: number): TrialTarget | undefined {
  const name = progTypes[type]
  if (name === 'tracing') {
    return target('btf_trace_sys_enter', 'typedef', BPF_TRACE_RAW_TP)
  }
  return name === 'lsm' ? target('bpf_lsm_file_open', 'func', BPF_LSM_MAC) : undefined
}

function target(name: string, kind: Kind, attachType: number): TrialTarget | undefined {
  const [btfId] = kernelBtf('probe', name).find(name, kind)
  return btfId === undefined ? undefined : { attachType, btfId }
}

/** Looks a helper up in the kernel's enum bpf_func_id; undefined when this kernel does not have it. */
function helperNumber(name: string): number | undefined {
  const btf = kernelBtf('probe', `helper ${name}`)
  const wanted = `BPF_FUNC_${name.replace(/^bpf_|^BPF_FUNC_/, '')}`
  for (const id of btf.find('bpf_func_id', 'enum')) {
    const { itemCount: length } = btf.type(id)
    for (let index = 0; index < length; index++) {
      const [constant, value] = btf.words(id, index)
      if (btf.string(constant) === wanted) return value
    }
  }
  return undefined
}

import type { Kind } from '../../uapi/btf.ts'
import { unsupported } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import { kernelBtf } from './kernel-btf.ts'
import type { ProgramType } from './program-type.ts'
import { programType, programTypeNumber, programTypeTitle, refused } from './program-type.ts'
import type { TrialTarget } from './trial.ts'
import { loadTrial } from './trial.ts'

/** linux/bpf.h */
const [tracing, structOps, extension, lsm] = [26, 27, 28, 29]
const BPF_TRACE_RAW_TP = 23
const BPF_LSM_MAC = 27

/** What the verifier says of a helper it does not know, or has not for the type (verifier.c: check_helper_call). */
const refusals = /^(invalid func|unknown func|program of this type cannot use helper)\b/m

const known = new Map<string, boolean>()

/**
 * Whether programs of a type may call a helper, by having the verifier look at such a call. libbpf's own probe takes
 * the words of kernels from 6.9 on for a yes, and an unprivileged process's refusal too.
 * @param helper `bpf_get_current_task`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell; `ERR_BPF_UNSUPPORTED` for types that are verified
 *   for one target alone (`ext`, `struct_ops`), and for names on a kernel without BTF
 */
export function helper(programType: ProgramType, helper: string | number): boolean {
  const type = programTypeNumber(programType)
  const number = typeof helper === 'number' ? helper : helperNumber(helper)
  if (number === undefined) return false
  if (!Number.isInteger(number) || number <= 0 || number > 0x7fff_ffff) {
    throw new RangeError(`a helper is a name or a whole number from 1 on, not ${number}`)
  }
  const key = `${type} ${number}`
  let has = known.get(key)
  if (has === undefined) {
    has = probe(type, number, `helper ${helper} of ${programTypeTitle(type)}`)
    known.set(key, has)
  }
  return has
}

function probe(type: number, number: number, title: string): boolean {
  if (type === structOps || type === extension) {
    throw unsupported('probe', title, 'what such programs may call depends on what they replace')
  }
  const { result, log } = loadTrial(type, number, targetOf(type))
  if (result >= 0) return true
  if (refusals.test(log)) {
    requireCertainty(title)
    return false
  }
  // Other complaints are about the call's arguments, of which there are none.
  if (log !== '') return true
  if (!programType(type)) return false
  throw refused(title, -result)
}

/** Some types are verified against what they attach to: any tracepoint, any hook will do. */
function targetOf(type: number): TrialTarget | undefined {
  if (type === tracing) {
    return target('btf_trace_sys_enter', 'typedef', BPF_TRACE_RAW_TP)
  }
  return type === lsm ? target('bpf_lsm_file_open', 'func', BPF_LSM_MAC) : undefined
}

function target(name: string, kind: Kind, attachType: number): TrialTarget | undefined {
  const [btfId] = kernelBtf('probe', name).find(name, kind)
  return btfId === undefined ? undefined : { attachType, btfId }
}

/** From the kernel's own enum bpf_func_id; undefined of what this kernel does not have. */
function helperNumber(name: string): number | undefined {
  const btf = kernelBtf('probe', `helper ${name}`)
  const wanted = name.replace(/^bpf_|^BPF_FUNC_/, 'BPF_FUNC_')
  for (const id of btf.find('bpf_func_id', 'enum')) {
    const { length } = btf.type(id)
    for (let index = 0; index < length; index++) {
      const [constant, value] = btf.words(id, index)
      if (btf.string(constant) === wanted) return value
    }
  }
  return undefined
}

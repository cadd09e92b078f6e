import { type ProgType, progTypes } from '../../uapi/prog-type.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import type { NumberedTypes } from './numbered-types.ts'
import { hasType, typeNumber, titleOfType } from './numbered-types.ts'
import { trialLoad } from './trial-load.ts'

export type ProgramTypeName = Exclude<ProgType, 'unspec'>
export type ProgramType = ProgramTypeName | `BPF_PROG_TYPE_${string}` | number

const programTypesOfKernel: NumberedTypes<ProgType> = {
  noun: 'program type',
  prefix: 'BPF_PROG_TYPE_',
  names: progTypes,
  probe(type, title) {
    const { result, log } = trialLoad(type)
    // A log shows that the verifier knows the type, even where it wants to be told what the program attaches to.
    if (result >= 0 || log !== '') return true
    requireCertainty(title)
    if (result === -EINVAL) return false
    throw refusedProbe(title, -result)
  },
}

/**
 * Returns whether the kernel has a program type, by loading such a program.
 * @param type `sk_lookup`, `BPF_PROG_TYPE_SK_LOOKUP`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell, or the kernel has it and refuses it to everyone
 */
export function programType(type: ProgramType): boolean {
  return hasType(programTypesOfKernel, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeNumber(type: ProgramType): number {
  return typeNumber(programTypesOfKernel, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeTitle(type: number): string {
  return titleOfType(programTypesOfKernel, type)
}

/** The error when a process that has the capabilities is refused. @internal */
export function refusedProbe(title: string, errno: number): BpfError {
  return new BpfError({ operation: 'probe', object: title, errno, hint: privilegeHint(errno) })
}

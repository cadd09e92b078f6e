import { type ProgType, progTypes } from '../../uapi/prog-type.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import type { Kinds } from './kind.ts'
import { hasKind, numberOf, titleOf } from './kind.ts'
import { loadTrial } from './trial.ts'

export type ProgramTypeName = Exclude<ProgType, 'unspec'>
export type ProgramType = ProgramTypeName | `BPF_PROG_TYPE_${string}` | number

const kinds: Kinds<ProgType> = {
  what: 'program type',
  prefix: 'BPF_PROG_TYPE_',
  names: progTypes,
  probe(type, title) {
    const { result, log } = loadTrial(type)
    // The verifier speaks of types that are there alone: some it wants told what they attach to.
    if (result >= 0 || log !== '') return true
    requireCertainty(title)
    if (result === -EINVAL) return false
    throw refused(title, -result)
  },
}

/**
 * Whether the kernel has a kind of program, by loading one.
 * @param type `sk_lookup`, `BPF_PROG_TYPE_SK_LOOKUP`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell, or the kernel has it and refuses it to everyone
 */
export function programType(type: ProgramType): boolean {
  return hasKind(kinds, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeNumber(type: ProgramType): number {
  return numberOf(kinds, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeTitle(type: number): string {
  return titleOf(kinds, type)
}

/** Of a process that has the capabilities. @internal */
export function refused(title: string, errno: number): BpfError {
  return new BpfError({ operation: 'probe', object: title, errno, hint: privilegeHint(errno) })
}

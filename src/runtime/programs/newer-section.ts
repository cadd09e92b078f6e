import { BPF_F_SLEEPABLE } from '../../uapi/prog-flags.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import {
  bpf_program__flags,
  bpf_program__set_expected_attach_type,
  bpf_program__set_flags,
  bpf_program__set_type,
  bpf_program__type,
} from '../ffi/object.ts'
import { unsupported } from '../host/error.ts'
import type { Program } from './program.ts'

/** Of a program whose section came after libbpf 1.0. */
export interface SectionFacts {
  /** libbpf 1.x knows it. */
  readonly minor: number
  /** BPF_PROG_TYPE_ and bpf_attach_type numbers. */
  readonly type: number
  readonly attachType: number
  readonly sleepable?: boolean
  /** It says where to attach. */
  readonly attaches?: boolean
}

/** What becomes of such a program when the installed libbpf does not know its section. */
export interface NewerSection {
  /** Tells libbpf what the section would have told it. @param program `struct bpf_program *`, opened */
  setProgramType(program: number): void
  /** @throws {BpfError} `ERR_BPF_UNSUPPORTED` when libbpf, not knowing how, would leave it unattached without a word */
  requireKnown(program: Program): void
}

export function newerSection(facts: SectionFacts): NewerSection {
  const { minor, type, attachType, sleepable, attaches } = facts
  return {
    setProgramType(program) {
      if (bpf_program__type(program) !== 0) return
      bpf_program__set_type(program, type)
      bpf_program__set_expected_attach_type(program, attachType)
      if (sleepable) bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_SLEEPABLE)
    },
    requireKnown(program) {
      if (!attaches || libbpfIsAtLeast(1, minor)) return
      if (!program.autoload || !program.autoattach) return
      throw unsupported(
        'attach',
        program.title,
        `the installed libbpf does not know SEC("${program.section}")`,
        `It came with libbpf 1.${minor}: use that, or attach the program with one of its own functions`,
      )
    },
  }
}

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

/** What a section means that libbpf 1.0 does not know. */
export interface SectionFacts {
  /** The x of the first libbpf 1.x that knows it. */
  readonly minor: number
  /** The BPF_PROG_TYPE_ number. */
  readonly type: number
  readonly attachType: number
  readonly sleepable?: boolean
  /** Whether the section names a target to attach to. */
  readonly attaches?: boolean
}

/** What is done for a program whose section the installed libbpf does not know. */
export interface NewerSection {
  /** Sets the types and flags that the section stands for. @param program an open `struct bpf_program *` */
  setProgramType(program: number): void
  /** @throws {BpfError} `ERR_BPF_UNSUPPORTED` when libbpf would silently leave the program unattached */
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
        `Install libbpf 1.${minor}, or attach the program by one of its attach methods`,
      )
    },
  }
}

import type { CompositeLayout } from '../../codec/layout.ts'
import type { MapKind } from '../maps/map.ts'
import type { NewerSection } from '../programs/newer-section.ts'
import type { ProgramKind } from '../programs/program.ts'
import type { Explanations } from '../verifier/explanations/explanations.ts'
import type { ObjectForHost } from './per-architecture.ts'

/** The skeleton as generated modules write it: with objects for one or several architectures. */
export interface SkeletonSource extends Omit<SkeletonSpec, 'object'> {
  /** The ELF object in base64; or the function that returns this machine's. */
  readonly object: string | ObjectForHost
}

/** The skeleton with the object of this machine's architecture. The lists are in the object's order. */
export interface SkeletonSpec {
  /** The object name: `trace_bpf` for `trace.bpf.c`. */
  readonly name: string
  /** The ELF object in base64. */
  readonly object: string
  readonly maps: readonly MapSpec[]
  readonly programs: readonly ProgramSpec[]
  /** Explanations of refusals that this object may meet, in addition to the general ones. */
  readonly explanations?: readonly Explanations[]
  readonly sections: readonly SectionSpec[]
}

export interface MapSpec {
  readonly name: string
  readonly kind: MapKind
}

export interface ProgramSpec {
  readonly name: string
  readonly kind: ProgramKind
  /** The ELF section, as in the C source: `tp_btf/sched_process_exec`. */
  readonly section: string
  /** Program type and attach type of a section that older versions of libbpf do not know. */
  readonly newer?: NewerSection
}

/** A data section, such as `.bss`. */
export interface SectionSpec {
  /** The instance's property: `data_foo`. */
  readonly ident: string
  /** The ELF section: `.data.foo`. */
  readonly section: string
  /** The section's variables as members of a struct. */
  readonly layout: CompositeLayout
}

import type { CompositeLayout } from '../../codec/layout.ts'
import type { MapKind } from '../maps/map.ts'
import type { NewerSection } from '../programs/newer-section.ts'
import type { ProgramKind } from '../programs/program.ts'
import type { Explanations } from '../verifier/explanations/explanations.ts'
import type { OwnObject } from './per-architecture.ts'

/** What generated modules write: objects for several architectures, of which `open()` takes the machine's. */
export interface SkeletonSource extends Omit<SkeletonSpec, 'object'> {
  /** The ELF object in base64, for any machine; or what finds this machine's. */
  readonly object: string | OwnObject
}

/** A skeleton for this machine. The lists are in the object's order. */
export interface SkeletonSpec {
  /** `trace_bpf` of `trace.bpf.c`. */
  readonly name: string
  /** The ELF object in base64. */
  readonly object: string
  readonly maps: readonly MapSpec[]
  readonly programs: readonly ProgramSpec[]
  /** Beside those that any program may need. */
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
  /** As in the C source: `tp_btf/sched_process_exec`. */
  readonly section: string
  /** What to tell a libbpf that is older than the section. */
  readonly newer?: NewerSection
}

/** A data section. */
export interface SectionSpec {
  /** The skeleton's field: `data_foo`. */
  readonly ident: string
  /** The ELF section: `.data.foo`. */
  readonly section: string
  /** A struct of its variables. */
  readonly layout: CompositeLayout
}

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

/** A skeleton for this machine. Lists of tuples keep the object's order and any C name. */
export interface SkeletonSpec {
  /** `trace_bpf` of `trace.bpf.c`. */
  readonly name: string
  /** The ELF object in base64. */
  readonly object: string
  readonly maps: readonly (readonly [name: string, kind: MapKind])[]
  readonly programs: readonly (readonly [
    name: string,
    kind: ProgramKind,
    section: string,
    newer?: NewerSection,
  ])[]
  /** Beside those that any program may need. */
  readonly explanations?: readonly Explanations[]
  /** Data sections: the skeleton's field, the ELF section, and a struct of its variables. */
  readonly sections: readonly (readonly [ident: string, section: string, layout: CompositeLayout])[]
}

import type { Layout } from './codec/layout.ts'
import type { MapKind } from './maps/map.ts'
import type { ProgramKind } from './programs/program.ts'

/** A skeleton as generated modules write it. Lists of tuples keep the object's order and any C name. */
export interface SkeletonSpec {
  /** `trace_bpf` of `trace.bpf.c`. */
  readonly name: string
  /** The ELF object in base64. */
  readonly object: string
  readonly maps: readonly (readonly [name: string, kind: MapKind])[]
  readonly programs: readonly (readonly [name: string, kind: ProgramKind, section: string])[]
  /** Data sections: the skeleton's field, the ELF section, and a struct of its variables. */
  readonly sections: readonly (readonly [ident: string, section: string, layout: Layout])[]
}

import type { RawBtf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'
import type { AttachType } from '../uapi/attach-type-names.ts'
import type { ProgramType } from './section-definitions.ts'

/**
 * A BPF object as libbpf would open it (libbpf.c: bpf_object_open), before anything is loaded: the input of
 * `bpftool gen skeleton`.
 */
export interface BpfObject {
  /** The object name: `trace_bpf` for `trace.bpf.o` (bpftool gen.c: get_obj_name). */
  readonly name: string
  readonly elf: Elf
  readonly btf: RawBtf | undefined
  readonly license: string
  /** The programs in libbpf's order: by section, then by offset. */
  readonly programs: readonly Program[]
  /** The maps in libbpf's order, internal ones included. */
  readonly maps: readonly BpfMap[]
  /** The data sections that a skeleton shows, in the order of their maps. */
  readonly sections: readonly DataSection[]
}

export interface Program {
  readonly name: string
  /** The section as written: `tp_btf/sched_process_exec`, `?xdp`. */
  readonly section: string
  /** False for `SEC("?…")`. */
  readonly autoload: boolean
  /** The name after BPF_PROG_TYPE_ that the section implies; `UNSPEC` when libbpf does not know the section. */
  readonly type: ProgramType
  /** The name in bpf_attach_type, such as `BPF_TRACE_RAW_TP`; undefined when the section implies none. */
  readonly attachType: AttachType | undefined
  readonly sleepable: boolean
  /** Whether libbpf attaches such a program by itself when its section names a target. */
  readonly autoattach: boolean
  /** Bytes from the start of its section. */
  readonly offset: number
  /** Bytes of instructions, 8 each. */
  readonly size: number
}

export interface BpfMap {
  /** The identifier in a skeleton: `events`; `rodata` for `.rodata`. */
  readonly name: string
  /** The ELF name: `events`, `.rodata`. */
  readonly elfName: string
  /** `internal`: made of a data section or of `.kconfig`; `struct_ops`: made of a variable. */
  readonly origin: 'user' | 'internal' | 'struct_ops'
  /** The name after BPF_MAP_TYPE_: `HASH`, `RINGBUF`. An unknown number becomes `UNKNOWN_99`. */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  /** Bytes. */
  readonly valueSize: number
  /** The declared number. libbpf rounds a ring buffer's up to pages of the kernel that it loads into. */
  readonly maxEntries: number
  readonly flags: number
  readonly pinning: 'none' | 'by_name'
  readonly numaNode: number | undefined
  readonly mapExtra: bigint
  /** False for a variable of `?.struct_ops`. */
  readonly autocreate: boolean
  /** The key's type; undefined when the map is declared by sizes only. */
  readonly key: TypeId | undefined
  /** The value's type: the Datasec of a data section, the struct of a struct_ops map. */
  readonly value: TypeId | undefined
  /** The definition of a map-in-map's inner map. */
  readonly inner: BpfMap | undefined
}

export interface DataSection {
  /** The ELF name: `.rodata`, `.data.hist`. */
  readonly name: string
  /** The skeleton's field: `rodata`, `data_hist`. */
  readonly ident: string
  /** The `name` of its map. An arena's globals are in the arena that the program declares. */
  readonly map: string
  /** Bytes. */
  readonly size: number
  /** The variables with external linkage, sorted by offset. */
  readonly variables: readonly Variable[]
}

export interface Variable {
  readonly name: string
  readonly type: TypeId
  /** Bytes from the section's start. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

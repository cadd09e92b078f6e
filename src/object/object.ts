import type { RawBtf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'
import type { AttachType } from '../uapi/attach-type-names.ts'
import type { ProgramType } from './section-definitions.ts'

/**
 * The BPF object as libbpf would open it (libbpf.c: bpf_object_open), before anything is loaded:
 * what `bpftool gen skeleton` walks.
 */
export interface BpfObject {
  /** `trace_bpf` of `trace.bpf.o` (bpftool gen.c: get_obj_name). */
  readonly name: string
  readonly elf: Elf
  readonly btf: RawBtf | undefined
  readonly license: string
  /** In libbpf's order: by section, then by offset. */
  readonly programs: readonly Program[]
  /** In libbpf's order, internal ones included. */
  readonly maps: readonly BpfMap[]
  /** The data sections a skeleton shows, in map order. */
  readonly sections: readonly DataSection[]
}

export interface Program {
  readonly name: string
  /** As written: `tp_btf/sched_process_exec`, `?xdp`. */
  readonly section: string
  /** False for `SEC("?…")`. */
  readonly autoload: boolean
  /** The BPF_PROG_TYPE_ name that the section implies, `UNSPEC` when libbpf knows no such section. */
  readonly type: ProgramType
  /** The bpf_attach_type name, `BPF_TRACE_RAW_TP`, where the section implies one. */
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
  /** The identifier in a skeleton: `events`; `rodata` of `.rodata`. */
  readonly name: string
  /** The ELF name: `events`, `.rodata`. */
  readonly elfName: string
  /** `internal`: a data section or `.kconfig`; `struct_ops`: a variable of it. */
  readonly origin: 'user' | 'internal' | 'struct_ops'
  /** The BPF_MAP_TYPE_ name, in capitals: `HASH`, `RINGBUF`. Unknown numbers: `UNKNOWN_99`. */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  /** Bytes. */
  readonly valueSize: number
  /** As declared: libbpf rounds a ring buffer's up to pages of the kernel that it loads into. */
  readonly maxEntries: number
  readonly flags: number
  readonly pinning: 'none' | 'by_name'
  readonly numaNode: number | undefined
  readonly mapExtra: bigint
  /** False for a variable of `?.struct_ops`. */
  readonly autocreate: boolean
  /** Absent when the map is declared by sizes alone. */
  readonly key: TypeId | undefined
  /** Of a data section its Datasec; of struct_ops the struct. */
  readonly value: TypeId | undefined
  /** Of map-in-map: the inner map's definition. */
  readonly inner: BpfMap | undefined
}

export interface DataSection {
  /** The ELF name: `.rodata`, `.data.hist`. */
  readonly name: string
  /** The skeleton's field: `rodata`, `data_hist`. */
  readonly ident: string
  /** The `name` of its map; an arena's globals are in the arena that the program declares. */
  readonly map: string
  /** Bytes. */
  readonly size: number
  /** Those with external linkage, by offset. */
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

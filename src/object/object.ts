import type { Btf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'

/**
 * The BPF object as libbpf would open it (libbpf.c: bpf_object_open), before anything is loaded:
 * what `bpftool gen skeleton` walks.
 */
export interface BpfObject {
  /** `trace_bpf` of `trace.bpf.o` (bpftool gen.c: get_obj_name). */
  readonly name: string
  readonly elf: Elf
  readonly btf: Btf | undefined
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
  readonly type: string
}

export interface BpfMap {
  /** The identifier in a skeleton: `events`; `rodata` of `.rodata`. */
  readonly name: string
  /** The ELF name: `events`, `.rodata`. */
  readonly elfName: string
  /** `internal`: a data section, `.kconfig`, an arena's globals; `struct_ops`: a variable of it. */
  readonly origin: 'user' | 'internal' | 'struct_ops'
  /** The BPF_MAP_TYPE_ name, in capitals: `HASH`, `RINGBUF`. Unknown numbers: `UNKNOWN_99`. */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  /** Bytes. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly pinning: 'none' | 'by_name'
  readonly numaNode: number | undefined
  readonly mapExtra: bigint
  /** Absent when the map is declared by sizes alone. */
  readonly key: TypeId | undefined
  readonly value: TypeId | undefined
  /** Of map-in-map: the inner map's definition. */
  readonly inner: BpfMap | undefined
}

export interface DataSection {
  /** The ELF name: `.rodata`, `.data.hist`. */
  readonly name: string
  /** The skeleton's field: `rodata`, `data_hist`. */
  readonly ident: string
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

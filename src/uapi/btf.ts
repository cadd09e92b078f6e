/**
 * How include/uapi/linux/btf.h lays out types: a table that every reader of BTF shares. The build side and the runtime
 * both import it; it imports neither.
 */

/**
 * Records by BTF_KIND_: the words behind a type's name and info, then those of each of its items. `n` is a name, `t` a
 * type id, `l` a linkage, `.` another number. Kind 0 is void, and is never written.
 */
const RECORDS = [
  { kind: 'void', own: '.', item: '' },
  { kind: 'int', own: '..', item: '' },
  { kind: 'pointer', own: 't', item: '' },
  { kind: 'array', own: '.tt.', item: '' },
  { kind: 'struct', own: '.', item: 'nt.' },
  { kind: 'union', own: '.', item: 'nt.' },
  { kind: 'enum', own: '.', item: 'n.' },
  { kind: 'fwd', own: '.', item: '' },
  { kind: 'typedef', own: 't', item: '' },
  { kind: 'volatile', own: 't', item: '' },
  { kind: 'const', own: 't', item: '' },
  { kind: 'restrict', own: 't', item: '' },
  { kind: 'func', own: 't', item: '' },
  { kind: 'func_proto', own: 't', item: 'nt' },
  { kind: 'var', own: 'tl', item: '' },
  { kind: 'datasec', own: '.', item: 't..' },
  { kind: 'float', own: '.', item: '' },
  { kind: 'decl_tag', own: 't.', item: '' },
  { kind: 'type_tag', own: 't', item: '' },
  { kind: 'enum64', own: '.', item: 'n..' },
] as const

export type Kind = (typeof RECORDS)[number]['kind']

export const KINDS: readonly Kind[] = RECORDS.map(({ kind }) => kind)

/** The words of a kind's records behind name and info, by their letters in RECORDS. */
export interface RecordShape {
  readonly own: string
  readonly item: string
}

/** Shapes by kind number. A number beyond them is a kind that is not known. */
export const SHAPES: readonly RecordShape[] = RECORDS

/** BTF_INFO_KIND: 7 bits since Linux 7.1, 5 before, when those between were zero. */
export function kindNumber(info: number): number {
  return (info >>> 24) & 0x7f
}

/**
 * BTF_INFO_VLEN, the number of items: 24 bits since Linux 7.1, 16 before, when those between were zero. A func has its
 * linkage there.
 */
export function vlen(info: number): number {
  return info & 0xffffff
}

/** BTF_INFO_KFLAG, which every kind gives another meaning. */
export function kindFlag(info: number): boolean {
  return info >>> 31 !== 0
}

/** By BTF_VAR_ and BTF_FUNC_ (the same numbers). */
export const LINKAGES = ['static', 'global', 'extern'] as const

export type Linkage = (typeof LINKAGES)[number]

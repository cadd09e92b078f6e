/** The types of include/uapi/linux/btf.h as they are written: one table for every reader of BTF. */

/**
 * The records by BTF_KIND_: a letter for each 32-bit word behind a type's name and info, and for each word of one of its
 * items (members, values, parameters, variables). `n` is a name, `t` a type id, `l` a linkage, `.` another number. Kind 0
 * is void, which is never written.
 */
const RECORDS = [
  { kind: 'void', fields: '.', item: '' },
  { kind: 'int', fields: '..', item: '' },
  { kind: 'pointer', fields: 't', item: '' },
  { kind: 'array', fields: '.tt.', item: '' },
  { kind: 'struct', fields: '.', item: 'nt.' },
  { kind: 'union', fields: '.', item: 'nt.' },
  { kind: 'enum', fields: '.', item: 'n.' },
  { kind: 'fwd', fields: '.', item: '' },
  { kind: 'typedef', fields: 't', item: '' },
  { kind: 'volatile', fields: 't', item: '' },
  { kind: 'const', fields: 't', item: '' },
  { kind: 'restrict', fields: 't', item: '' },
  { kind: 'func', fields: 't', item: '' },
  { kind: 'func_proto', fields: 't', item: 'nt' },
  { kind: 'var', fields: 'tl', item: '' },
  { kind: 'datasec', fields: '.', item: 't..' },
  { kind: 'float', fields: '.', item: '' },
  { kind: 'decl_tag', fields: 't.', item: '' },
  { kind: 'type_tag', fields: 't', item: '' },
  { kind: 'enum64', fields: '.', item: 'n..' },
] as const

export type Kind = (typeof RECORDS)[number]['kind']

export const KINDS: readonly Kind[] = RECORDS.map(({ kind }) => kind)

/** The words of a kind's records, with the letters of RECORDS. */
export interface RecordWords {
  readonly fields: string
  readonly item: string
}

/** The words of each kind, by its number. A number beyond them is a kind that is not known. */
export const RECORD_WORDS: readonly RecordWords[] = RECORDS

/** BTF_INFO_KIND: 7 bits since Linux 7.1; 5 before, and the other two were zero. */
export function kindNumber(info: number): number {
  return (info >>> 24) & 0x7f
}

/**
 * BTF_INFO_VLEN, the number of items: 24 bits since Linux 7.1; 16 before, and the other eight were zero. A func has its
 * linkage there.
 */
export function vlen(info: number): number {
  return info & 0xffffff
}

/** BTF_INFO_KFLAG. Its meaning depends on the kind. */
export function kindFlag(info: number): boolean {
  return info >>> 31 !== 0
}

/** Linkages by their number, which is the same in BTF_VAR_ and BTF_FUNC_. */
export const LINKAGES = ['static', 'global', 'extern'] as const

export type Linkage = (typeof LINKAGES)[number]

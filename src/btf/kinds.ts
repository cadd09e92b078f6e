import type { Linkage } from './types.ts'

/**
 * By BTF_KIND_ (include/uapi/linux/btf.h), what stands behind a type's name and info: its own words, then those of each
 * of its items. `n` is a name, `t` a type id, `l` a linkage, `.` another number. Kind 0 is never written.
 */
export const RECORDS = [
  ['void', '.', ''],
  ['int', '..', ''],
  ['pointer', 't', ''],
  ['array', '.tt.', ''],
  ['struct', '.', 'nt.'],
  ['union', '.', 'nt.'],
  ['enum', '.', 'n.'],
  ['fwd', '.', ''],
  ['typedef', 't', ''],
  ['volatile', 't', ''],
  ['const', 't', ''],
  ['restrict', 't', ''],
  ['func', 't', ''],
  ['func_proto', 't', 'nt'],
  ['var', 'tl', ''],
  ['datasec', '.', 't..'],
  ['float', '.', ''],
  ['decl_tag', 't.', ''],
  ['type_tag', 't', ''],
  ['enum64', '.', 'n..'],
] as const

export type Kind = (typeof RECORDS)[number][0]

export const KINDS: readonly Kind[] = RECORDS.map(([kind]) => kind)

/** Of a kind: how many words, and which of them refer to other types. -1: none. */
interface Shape {
  readonly length: number
  readonly types: readonly number[]
  readonly item: { readonly length: number; readonly isNamed: boolean; readonly type: number }
}

export const SHAPES: readonly Shape[] = RECORDS.map(([, own, item]) => ({
  length: own.length,
  types: [...own].flatMap((word, at) => (word === 't' ? [at] : [])),
  item: { length: item.length, isNamed: item.startsWith('n'), type: item.indexOf('t') },
}))

/** By BTF_VAR_ and BTF_FUNC_ (the same numbers). */
export const LINKAGES: readonly Linkage[] = ['static', 'global', 'extern']

import type { Linkage } from '../uapi/btf.ts'

/**
 * The id of a type in a BTF type graph (include/uapi/linux/btf.h). A type is one plain object, which refers to others by id.
 * Id 0 is void. Sizes are in bytes, offsets of members in bits.
 */
export type TypeId = number

export type BtfType =
  | Void
  | Int
  | Pointer
  | ArrayType
  | Struct
  | Union
  | Enum
  | Enum64
  | Fwd
  | Typedef
  | Volatile
  | Const
  | Restrict
  | Func
  | FuncProto
  | Var
  | Datasec
  | Float
  | DeclTag
  | TypeTag

export interface Void {
  readonly kind: 'void'
  readonly name: ''
}
export interface Int {
  readonly kind: 'int'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  readonly char: boolean
  readonly bool: boolean
  /** BTF_INT_OFFSET: the value's first bit. With `bits` (BTF_INT_BITS) it describes bitfields of before Linux 5. */
  readonly bitOffset: number
  readonly bits: number
}
export interface Pointer {
  readonly kind: 'pointer'
  readonly name: ''
  readonly target: TypeId
}
export interface ArrayType {
  readonly kind: 'array'
  readonly name: ''
  readonly element: TypeId
  readonly index: TypeId
  readonly length: number
}
export interface Struct {
  readonly kind: 'struct'
  readonly name: string
  readonly size: number
  readonly members: readonly Member[]
}
export interface Union {
  readonly kind: 'union'
  readonly name: string
  readonly size: number
  readonly members: readonly Member[]
}
export interface Member {
  readonly name: string
  readonly type: TypeId
  readonly bitOffset: number
  /** 0 unless the member is a bitfield. */
  readonly bitSize: number
}
/** An enum of 32 bits. Its values are signed or unsigned as `signed` says. */
export interface Enum {
  readonly kind: 'enum'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  readonly values: readonly { readonly name: string; readonly value: number }[]
}
export interface Enum64 {
  readonly kind: 'enum64'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  readonly values: readonly { readonly name: string; readonly value: bigint }[]
}
export interface Fwd {
  readonly kind: 'fwd'
  readonly name: string
  readonly fwdKind: 'struct' | 'union'
}
export interface Typedef {
  readonly kind: 'typedef'
  readonly name: string
  readonly target: TypeId
}
export interface Volatile {
  readonly kind: 'volatile'
  readonly name: ''
  readonly target: TypeId
}
export interface Const {
  readonly kind: 'const'
  readonly name: ''
  readonly target: TypeId
}
export interface Restrict {
  readonly kind: 'restrict'
  readonly name: ''
  readonly target: TypeId
}
export interface Func {
  readonly kind: 'func'
  readonly name: string
  /** The function's FuncProto. */
  readonly target: TypeId
  readonly linkage: Linkage
}
export interface FuncProto {
  readonly kind: 'func_proto'
  readonly name: ''
  readonly returns: TypeId
  /** The parameters. A last one without a name and of type 0 is `...`. */
  readonly params: readonly { readonly name: string; readonly type: TypeId }[]
}
export interface Var {
  readonly kind: 'var'
  readonly name: string
  readonly target: TypeId
  readonly linkage: Linkage
}
export interface Datasec {
  readonly kind: 'datasec'
  readonly name: string
  /** clang leaves the size and the offsets 0; the linker, or object/datasec.ts, fills them in. */
  readonly size: number
  readonly variables: readonly VarSecinfo[]
}
export interface VarSecinfo {
  readonly type: TypeId
  readonly offset: number
  readonly size: number
}
export interface Float {
  readonly kind: 'float'
  readonly name: string
  readonly size: number
}
export interface DeclTag {
  readonly kind: 'decl_tag'
  /** The tag's text. */
  readonly name: string
  readonly target: TypeId
  /** The index of the member or parameter that the tag is on; -1 when it is on the type itself. */
  readonly component: number
  /** Whether it is a plain `__attribute__((name))`, not a btf_decl_tag of that text. */
  readonly attribute?: true
}
export interface TypeTag {
  readonly kind: 'type_tag'
  readonly name: string
  readonly target: TypeId
  /** Whether it is a plain `__attribute__((name))`, not a btf_type_tag of that text. */
  readonly attribute?: true
}

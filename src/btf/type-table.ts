import { FormatError } from '../elf/format-error.ts'
import {
  type Kind,
  kindFlag,
  kindNumber,
  KINDS,
  type Linkage,
  LINKAGES,
  vlen,
} from '../uapi/btf.ts'
import type {
  BtfType,
  DeclTag,
  Enum,
  Enum64,
  FuncProto,
  Int,
  Member,
  TypeId,
  TypeTag,
  VarSecinfo,
} from './types.ts'

/** The words of all types, and an index of them. */
export interface TypeRecords {
  readonly words: Uint32Array
  /** The index in `words` of a type's first word, by type id. */
  readonly starts: Uint32Array
  /** 1 when another type refers to this one, by type id. */
  readonly referenced: Uint8Array
  /** The ids of the declaration tags. No type refers to them. */
  readonly tags: readonly TypeId[]
}

export type Enumerator = (Enum | Enum64)['values'][number]

/** BTF_INT_ENCODING: bits of the word behind a BTF_KIND_INT. */
const INT_SIGNED = 1 << 24
const INT_CHAR = 1 << 25
const INT_BOOL = 1 << 26

/**
 * The types as BTF writes them, each a struct btf_type of 32-bit words, found by its id. Methods decode at each call: a
 * kernel has 100,000 types, and most are never asked for. An id that is not there throws FormatError; those that the types
 * themselves refer to are there (read-types.ts).
 */
export class TypeTable implements TypeRecords {
  readonly words: Uint32Array
  readonly starts: Uint32Array
  readonly referenced: Uint8Array
  readonly tags: readonly TypeId[]
  readonly #text: (offset: number) => string

  constructor({ words, starts, referenced, tags }: TypeRecords, text: (offset: number) => string) {
    this.words = words
    this.starts = starts
    this.referenced = referenced
    this.tags = tags
    this.#text = text
  }

  get length(): number {
    return this.starts.length
  }

  kind(id: TypeId): Kind {
    const start = this.starts[id] ?? throwNoType(id, this.length)
    return KINDS[kindNumber(this.words[start + 1] ?? 0)] ?? 'void'
  }

  name(id: TypeId): string {
    const start = this.starts[id] ?? throwNoType(id, this.length)
    return this.#text(this.words[start] ?? 0)
  }

  /** The type that a type refers to; for a function's prototype, the type that it returns. */
  target(id: TypeId): TypeId {
    const start = this.starts[id] ?? throwNoType(id, this.length)
    return this.words[start + 2] ?? 0
  }

  /** The bytes of a type that has a size field. */
  size(id: TypeId): number {
    return this.target(id)
  }

  /** The type of an array's elements. */
  element(id: TypeId): TypeId {
    const start = this.starts[id] ?? throwNoType(id, this.length)
    return this.words[start + 3] ?? 0
  }

  /** The number of an array's elements. */
  elements(id: TypeId): number {
    return this.#word(id, 5)
  }

  /** The kind of type that a forward declaration declares. */
  fwdKind(id: TypeId): 'struct' | 'union' {
    return this.flag(id) ? 'union' : 'struct'
  }

  /** The index of the member or parameter that a declaration tag is on; -1 when it is on the type itself. */
  component(id: TypeId): number {
    return this.#word(id, 3) | 0
  }

  /** kind_flag. Its meaning depends on the kind. */
  flag(id: TypeId): boolean {
    return kindFlag(this.#word(id, 1))
  }

  /** vlen: the number of members, values, parameters or variables. */
  count(id: TypeId): number {
    return vlen(this.#word(id, 1))
  }

  /** The members of a struct or union. */
  members(id: TypeId): Member[] {
    const bitfields = this.flag(id)
    const members: Member[] = []
    let at = (this.starts[id] ?? 0) + 3
    for (let left = this.count(id); left > 0; left--) {
      const name = this.#text(this.words[at++] ?? 0)
      const type = this.words[at++] ?? 0
      const offset = this.words[at++] ?? 0
      const bitOffset = bitfields ? offset & 0xffffff : offset
      members.push({ name, type, bitOffset, bitSize: bitfields ? offset >>> 24 : 0 })
    }
    return members
  }

  memberType(id: TypeId, index: number): TypeId {
    return this.words[(this.starts[id] ?? 0) + 4 + index * 3] ?? 0
  }

  memberBitOffset(id: TypeId, index: number): number {
    const offset = this.words[(this.starts[id] ?? 0) + 5 + index * 3] ?? 0
    return this.flag(id) ? offset & 0xffffff : offset
  }

  /** 0 unless the member is a bitfield. */
  memberBitSize(id: TypeId, index: number): number {
    if (!this.flag(id)) return 0
    return (this.words[(this.starts[id] ?? 0) + 5 + index * 3] ?? 0) >>> 24
  }

  paramType(id: TypeId, index: number): TypeId {
    return this.words[(this.starts[id] ?? 0) + 4 + index * 2] ?? 0
  }

  /** The constants of an enum of 32 or 64 bits. */
  values(id: TypeId): readonly Enumerator[] {
    return this.kind(id) === 'enum' ? this.#values(id) : this.#wideValues(id)
  }

  /** The parameters of a function's prototype. */
  params(id: TypeId): FuncProto['params'] {
    const params: FuncProto['params'][number][] = []
    let at = (this.starts[id] ?? 0) + 3
    for (let left = this.count(id); left > 0; left--) {
      params.push({ name: this.#text(this.words[at++] ?? 0), type: this.words[at++] ?? 0 })
    }
    return params
  }

  at(id: TypeId): BtfType {
    const kind = this.kind(id)
    switch (kind) {
      case 'void':
        return { kind, name: '' }
      case 'int':
        return this.#int(id)
      case 'float':
        return { kind, name: this.name(id), size: this.size(id) }
      case 'pointer':
      case 'volatile':
      case 'const':
      case 'restrict':
        return { kind, name: '', target: this.target(id) }
      case 'typedef':
        return { kind, name: this.name(id), target: this.target(id) }
      case 'type_tag': {
        const tag: TypeTag = { kind, name: this.name(id), target: this.target(id) }
        return this.flag(id) ? { ...tag, attribute: true } : tag
      }
      case 'decl_tag': {
        const component = this.component(id)
        const tag: DeclTag = { kind, name: this.name(id), target: this.target(id), component }
        return this.flag(id) ? { ...tag, attribute: true } : tag
      }
      case 'fwd':
        return { kind, name: this.name(id), fwdKind: this.fwdKind(id) }
      case 'array': {
        const index = this.#word(id, 4)
        return { kind, name: '', element: this.element(id), index, length: this.elements(id) }
      }
      case 'struct':
      case 'union':
        return { kind, name: this.name(id), size: this.size(id), members: this.members(id) }
      case 'enum':
        return { kind, ...this.#enum(id), values: this.#values(id) }
      case 'enum64':
        return { kind, ...this.#enum(id), values: this.#wideValues(id) }
      case 'func': {
        const linkage = linkageOf(this.count(id))
        return { kind, name: this.name(id), target: this.target(id), linkage }
      }
      case 'var': {
        const linkage = linkageOf(this.#word(id, 3))
        return { kind, name: this.name(id), target: this.target(id), linkage }
      }
      case 'func_proto':
        return { kind, name: '', returns: this.target(id), params: this.params(id) }
      case 'datasec':
        return { kind, name: this.name(id), size: this.size(id), variables: this.#variables(id) }
    }
  }

  #int(id: TypeId): Int {
    const encoding = this.#word(id, 3)
    return {
      kind: 'int',
      name: this.name(id),
      size: this.size(id),
      signed: (encoding & INT_SIGNED) !== 0,
      char: (encoding & INT_CHAR) !== 0,
      bool: (encoding & INT_BOOL) !== 0,
      bitOffset: (encoding >>> 16) & 0xff,
      bits: encoding & 0xff,
    }
  }

  #enum(id: TypeId): Pick<Enum, 'name' | 'size' | 'signed'> {
    return { name: this.name(id), size: this.size(id), signed: this.flag(id) }
  }

  #values(id: TypeId): Enum['values'] {
    const signed = this.flag(id)
    return this.#items(id, 2, (at) => {
      const value = this.#at(at + 1)
      return { name: this.#text(this.#at(at)), value: signed ? value | 0 : value }
    })
  }

  #wideValues(id: TypeId): Enum64['values'] {
    const signed = this.flag(id)
    return this.#items(id, 3, (at) => {
      const value = (BigInt(this.#at(at + 2)) << 32n) | BigInt(this.#at(at + 1))
      return { name: this.#text(this.#at(at)), value: signed ? BigInt.asIntN(64, value) : value }
    })
  }

  #variables(id: TypeId): VarSecinfo[] {
    return this.#items(id, 3, (at) => ({
      type: this.#at(at),
      offset: this.#at(at + 1),
      size: this.#at(at + 2),
    }))
  }

  /** Decodes the items behind a type's three words, of `size` words each. */
  #items<T>(id: TypeId, size: number, decode: (at: number) => T): T[] {
    const items: T[] = []
    const first = this.#start(id) + 3
    for (let at = first, end = first + this.count(id) * size; at < end; at += size)
      items.push(decode(at))
    return items
  }

  #word(id: TypeId, index: number): number {
    return this.#at(this.#start(id) + index)
  }

  #at(index: number): number {
    return this.words[index] ?? 0
  }

  #start(id: TypeId): number {
    return this.starts[id] ?? throwNoType(id, this.length)
  }
}

/** Throws a FormatError that says which id is missing. */
export function throwNoType(id: TypeId, length: number): never {
  throw new FormatError('BTF', 0, `there is no type ${id}, the last one is ${length - 1}`)
}

function linkageOf(number: number): Linkage {
  return LINKAGES[number] ?? 'static'
}

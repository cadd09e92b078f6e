import type { RawBtf } from './btf.ts'
import type { BtfType, TypeId } from './types.ts'

/** A type with the names of `bpftool -j btf dump`: its fields, and the list of its members, values or the like. */
export interface TypeRecord {
  readonly id: TypeId
  /** BTF_KIND_ without the prefix. */
  readonly kind: string
  /** `(anon)` when it has none. */
  readonly name: string
  readonly fields: Fields
  readonly items?: {
    readonly key: 'members' | 'values' | 'params' | 'vars'
    readonly list: Fields[]
  }
}
type Fields = Readonly<Record<string, string | number | bigint>>

/** Lists the types of a BTF, without those of its base. */
export function typeRecords(btf: RawBtf): TypeRecord[] {
  const first = btf.base?.types.length ?? 1
  return btf.types.slice(first).map((type, i) => typeRecord(type, first + i))
}

function typeRecord(type: BtfType, id: TypeId): TypeRecord {
  return { id, kind: kindName(type), name: nameOrAnon(type.name), ...contents(type) }
}

function kindName({ kind }: BtfType): string {
  return kind === 'pointer' ? 'PTR' : kind.toUpperCase()
}

function nameOrAnon(name: string): string {
  return name === '' ? '(anon)' : name
}

function contents(type: BtfType): Pick<TypeRecord, 'fields' | 'items'> {
  switch (type.kind) {
    case 'void':
      return { fields: {} }
    case 'int': {
      const { size, bitOffset: bits_offset, bits: nr_bits } = type
      return { fields: { size, bits_offset, nr_bits, encoding: encoding(type) } }
    }
    case 'float':
      return { fields: { size: type.size } }
    case 'pointer':
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
      return { fields: { type_id: type.target } }
    case 'array':
      return {
        fields: { type_id: type.element, index_type_id: type.index, nr_elems: type.length },
      }
    case 'struct':
    case 'union': {
      const list = type.members.map(({ name, type: type_id, bitOffset, bitSize }) => ({
        name: nameOrAnon(name),
        type_id,
        bits_offset: bitOffset,
        ...(bitSize > 0 && { bitfield_size: bitSize }),
      }))
      return {
        fields: { size: type.size, vlen: list.length },
        items: { key: 'members', list },
      }
    }
    case 'enum':
    case 'enum64': {
      const list = type.values.map(({ name, value }) => ({ name: nameOrAnon(name), val: value }))
      const signedness = type.signed ? 'SIGNED' : 'UNSIGNED'
      return {
        fields: { encoding: signedness, size: type.size, vlen: list.length },
        items: { key: 'values', list },
      }
    }
    case 'fwd':
      return { fields: { fwd_kind: type.fwdKind } }
    case 'func':
    case 'var':
      return { fields: { type_id: type.target, linkage: type.linkage } }
    case 'func_proto': {
      const list = type.params.map(({ name, type: type_id }) => ({
        name: nameOrAnon(name),
        type_id,
      }))
      return {
        fields: { ret_type_id: type.returns, vlen: list.length },
        items: { key: 'params', list },
      }
    }
    case 'datasec': {
      const list = type.variables.map(({ type: type_id, offset, size }) => ({
        type_id,
        offset,
        size,
      }))
      return { fields: { size: type.size, vlen: list.length }, items: { key: 'vars', list } }
    }
    case 'decl_tag':
      return { fields: { type_id: type.target, component_idx: type.component } }
  }
}

function encoding({ signed, char, bool }: BtfType & { kind: 'int' }): string {
  if (signed) return 'SIGNED'
  if (char) return 'CHAR'
  return bool ? 'BOOL' : '(none)'
}

/** Prints `{ types: [{ id, kind, name, … }] }` as `bpftool -j btf dump` does. Values past 2^53 are strings. */
export function dumpJson(btf: RawBtf): string {
  const types = typeRecords(btf).map(({ id, kind, name, fields, items }) =>
    Object.assign({ id, kind, name }, fields, items && { [items.key]: items.list }),
  )
  return `${JSON.stringify({ types }, exactNumber)}\n`
}

function exactNumber(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** Prints a line for each type and each of its items, as `bpftool btf dump … format raw` does. */
export function dumpRaw(btf: RawBtf): string {
  return typeRecords(btf)
    .map((record) => headLine(record) + itemLines(record, btf))
    .join('')
}

function headLine({ id, kind, name, fields }: TypeRecord): string {
  // bpftool prints commas for this kind only.
  const separator = kind === 'VAR' ? ', ' : ' '
  return `[${id}] ${kind} '${name}' ${pairs(fields).join(separator)}\n`
}

function itemLines({ kind, fields, items }: TypeRecord, btf: RawBtf): string {
  if (!items) return ''
  const wide = fields['encoding'] === 'SIGNED' ? 'LL' : 'ULL'
  const suffix = kind === 'ENUM64' ? wide : ''
  const lines = items.list.map(({ name, ...fields }) => {
    const text = pairs(fields).join(' ')
    if (items.key !== 'vars') return `\t'${name}' ${text}${suffix}\n`
    const variable = btf.types[Number(fields['type_id'])]
    const described = variable ? `${kindName(variable)} '${nameOrAnon(variable.name)}'` : 'UNKN'
    return `\t${text} (${described})\n`
  })
  return lines.join('')
}

function pairs(fields: Fields): string[] {
  return Object.entries(fields).map(([key, value]) => `${key}=${value}`)
}

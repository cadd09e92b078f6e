import type { RawBtf } from './btf.ts'
import type { BtfType, TypeId } from './types.ts'

/** A type in the words of `bpftool -j btf dump`: its fields, and the list of what it is made of. */
export interface TypeRecord {
  readonly id: TypeId
  /** BTF_KIND_ without the prefix. */
  readonly kind: string
  /** `(anon)` when it has none. */
  readonly name: string
  readonly fields: Fields
  readonly parts?: {
    readonly key: 'members' | 'values' | 'params' | 'vars'
    readonly list: Fields[]
  }
}
type Fields = Readonly<Record<string, string | number | bigint>>

/** The types of a BTF, without those of its base. */
export function typeRecords(btf: RawBtf): TypeRecord[] {
  const first = btf.base?.types.length ?? 1
  return btf.types.slice(first).map((type, i) => typeRecord(type, first + i))
}

function typeRecord(type: BtfType, id: TypeId): TypeRecord {
  return { id, kind: kindName(type), name: shown(type.name), ...contents(type) }
}

function kindName({ kind }: BtfType): string {
  return kind === 'pointer' ? 'PTR' : kind.toUpperCase()
}

function shown(name: string): string {
  return name === '' ? '(anon)' : name
}

function contents(type: BtfType): Pick<TypeRecord, 'fields' | 'parts'> {
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
        name: shown(name),
        type_id,
        bits_offset: bitOffset,
        ...(bitSize > 0 && { bitfield_size: bitSize }),
      }))
      return {
        fields: { size: type.size, vlen: list.length },
        parts: { key: 'members', list },
      }
    }
    case 'enum':
    case 'enum64': {
      const list = type.values.map(({ name, value }) => ({ name: shown(name), val: value }))
      const signedness = type.signed ? 'SIGNED' : 'UNSIGNED'
      return {
        fields: { encoding: signedness, size: type.size, vlen: list.length },
        parts: { key: 'values', list },
      }
    }
    case 'fwd':
      return { fields: { fwd_kind: type.forwards } }
    case 'func':
    case 'var':
      return { fields: { type_id: type.target, linkage: type.linkage } }
    case 'func_proto': {
      const list = type.params.map(({ name, type: type_id }) => ({ name: shown(name), type_id }))
      return {
        fields: { ret_type_id: type.returns, vlen: list.length },
        parts: { key: 'params', list },
      }
    }
    case 'datasec': {
      const list = type.variables.map(({ type: type_id, offset, size }) => ({
        type_id,
        offset,
        size,
      }))
      return { fields: { size: type.size, vlen: list.length }, parts: { key: 'vars', list } }
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

/** `{ types: [{ id, kind, name, … }] }`, as `bpftool -j btf dump` has it; 64-bit values past 2^53 are strings. */
export function dumpJson(btf: RawBtf): string {
  const types = typeRecords(btf).map(({ id, kind, name, fields, parts }) =>
    Object.assign({ id, kind, name }, fields, parts && { [parts.key]: parts.list }),
  )
  return `${JSON.stringify({ types }, exactNumber)}\n`
}

function exactNumber(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** One line a type and one a part, as `bpftool btf dump … format raw` prints them. */
export function dumpRaw(btf: RawBtf): string {
  return typeRecords(btf)
    .map((record) => headLine(record) + partLines(record, btf))
    .join('')
}

function headLine({ id, kind, name, fields }: TypeRecord): string {
  // bpftool sets a comma in this one kind alone.
  const separator = kind === 'VAR' ? ', ' : ' '
  return `[${id}] ${kind} '${name}' ${pairs(fields).join(separator)}\n`
}

function partLines({ kind, fields, parts }: TypeRecord, btf: RawBtf): string {
  if (!parts) return ''
  const wide = fields['encoding'] === 'SIGNED' ? 'LL' : 'ULL'
  const suffix = kind === 'ENUM64' ? wide : ''
  const lines = parts.list.map(({ name, ...fields }) => {
    const text = pairs(fields).join(' ')
    if (parts.key !== 'vars') return `\t'${name}' ${text}${suffix}\n`
    const variable = btf.types[Number(fields['type_id'])]
    const described = variable ? `${kindName(variable)} '${shown(variable.name)}'` : 'UNKN'
    return `\t${text} (${described})\n`
  })
  return lines.join('')
}

function pairs(fields: Fields): string[] {
  return Object.entries(fields).map(([key, value]) => `${key}=${value}`)
}

import { Cursor } from '../elf/cursor.ts'
import type { Elf } from '../elf/elf.ts'
import { FormatError } from '../elf/format-error.ts'
import {
  bpf_core_relo,
  bpf_func_info,
  bpf_line_info,
  btf_ext_header,
  columnNumber,
  lineNumber,
} from '../uapi/btf-ext.ts'
import type { RawBtf } from './btf.ts'
import { readByteOrder } from './header.ts'
import type { TypeId } from './types.ts'

/** The contents of .BTF.ext: facts about instructions, in the order of the file. */
export interface BtfExt {
  readonly functions: readonly FuncInfo[]
  readonly lines: readonly LineInfo[]
  readonly coreRelocations: readonly CoreRelocation[]
}

interface InstructionInfo {
  /** The ELF section of the program. */
  readonly section: string
  /** Bytes from the start of that section. */
  readonly offset: number
}
export interface FuncInfo extends InstructionInfo {
  /** The Func of the function. */
  readonly type: TypeId
}
export interface LineInfo extends InstructionInfo {
  /** The path as the compiler was given it. */
  readonly file: string
  /** The text of the line, without its line end. */
  readonly source: string
  /** From 1; 0 when unknown. */
  readonly line: number
  /** From 1; 0 when unknown. */
  readonly column: number
}
export interface CoreRelocation extends InstructionInfo {
  readonly type: TypeId
  /** The indexes from the type to the member, such as `0:1:2`, or the index of an enumerator. */
  readonly access: string
  readonly kind: CoreKind
}

/** enum bpf_core_relo_kind (include/uapi/linux/bpf.h). */
const CORE_KINDS = [
  'field_byte_offset',
  'field_byte_size',
  'field_exists',
  'field_signed',
  'field_lshift_u64',
  'field_rshift_u64',
  'type_id_local',
  'type_id_target',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
] as const
export type CoreKind = (typeof CORE_KINDS)[number]

/** Reads .BTF.ext; `btf` is the object's .BTF. Throws FormatError. */
export function readBtfExt(bytes: Uint8Array, btf: RawBtf): BtfExt {
  const strings = btf.strings
  if (!strings) throw new FormatError('BTF.ext', 0, 'its BTF came without strings')
  const header = new Cursor(
    bytes,
    'BTF.ext',
    readByteOrder(bytes, 'BTF.ext'),
    btf_ext_header.hdr_len,
  )
  const length = header.u32()
  const tables = [readTable(header, length), readTable(header, length)]
  if (length >= btf_ext_header.size) tables.push(readTable(header, length))
  const [functions, lines, relocations] = tables

  return {
    functions: readRecords(functions, bpf_func_info.size, strings.at, (record) => ({
      type: readTypeId(record, btf),
    })),
    lines: readRecords(lines, bpf_line_info.size, strings.at, (record) => {
      const file = strings.at(record.u32())
      const source = strings.at(record.u32())
      const lineCol = record.u32()
      return { file, source, line: lineNumber(lineCol), column: columnNumber(lineCol) }
    }),
    coreRelocations: readRecords(relocations, bpf_core_relo.size, strings.at, (record) => {
      const type = readTypeId(record, btf)
      const access = strings.at(record.u32())
      const number = record.u32()
      const kind = CORE_KINDS[number]
      return { type, access, kind: kind ?? record.fail(`unknown CO-RE relocation ${number}`) }
    }),
  }
}

/** Reads the .BTF.ext of an ELF file whose .BTF is `btf`; undefined when it has none. Throws FormatError. */
export function readBtfExtOf(elf: Elf, btf: RawBtf): BtfExt | undefined {
  const section = elf.sections.find(({ name }) => name === '.BTF.ext')
  return section && readBtfExt(section.data, btf)
}

/** Tells from the header whether the object has CO-RE relocations. */
export function hasCoreRelocations({ sections, littleEndian }: Elf): boolean {
  const data = sections.find(({ name }) => name === '.BTF.ext')?.data
  if (!data || data.byteLength < btf_ext_header.size) return false
  const header = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return (
    header.getUint32(btf_ext_header.hdr_len, littleEndian) >= btf_ext_header.size &&
    header.getUint32(btf_ext_header.core_relo_len, littleEndian) > 0
  )
}

/** Reads the offset and length of a table from the header; undefined when it is empty. */
function readTable(header: Cursor, headerLength: number): Cursor | undefined {
  const start = headerLength + header.u32()
  const length = header.u32()
  if (length === 0) return undefined
  return new Cursor(header.bytes, 'BTF.ext', header.littleEndian, start, start + length)
}

/** Reads the records of a table, for all ELF sections. */
function readRecords<T>(
  table: Cursor | undefined,
  knownSize: number,
  text: (offset: number) => string,
  read: (record: Cursor) => T,
): (T & InstructionInfo)[] {
  const records: (T & InstructionInfo)[] = []
  if (!table) return records
  const size = table.u32()
  if (size < knownSize) table.fail(`records of ${size} bytes, at least ${knownSize} are known`)
  while (!table.done) {
    const section = text(table.u32())
    const count = table.u32()
    for (let i = 0; i < count; i++) {
      const start = table.offset
      table.skip(size)
      const end = table.offset
      table.seek(start)
      records.push({ section, offset: table.u32(), ...read(table) })
      table.seek(end)
    }
  }
  return records
}

function readTypeId(record: Cursor, btf: RawBtf): TypeId {
  const at = record.offset
  const id = record.u32()
  if (!btf.types[id])
    record.fail(`there is no type ${id}, the last one is ${btf.types.length - 1}`, at)
  return id
}

import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import { BTF_MAGIC, btf_header, BTF_VERSION } from '../uapi/btf-header.ts'

/** Where struct btf_header says the sections lie, in bytes from the start of the BTF. */
export interface BtfHeader {
  readonly littleEndian: boolean
  readonly types: Range
  readonly strings: Range
}
export interface Range {
  readonly start: number
  readonly end: number
}

/** Newer headers are longer; what they add is optional to read (libbpf btf.c: btf_parse_hdr). */
export function readHeader(bytes: Uint8Array): BtfHeader {
  const littleEndian = readByteOrder(bytes, 'BTF')
  const cursor = new Cursor(bytes, 'BTF', littleEndian, btf_header.version)
  const version = cursor.u8()
  if (version !== BTF_VERSION) {
    cursor.fail(`version ${version}, only ${BTF_VERSION} is known`, btf_header.version)
  }
  cursor.seek(btf_header.hdr_len)
  const length = cursor.u32()
  const typesStart = length + cursor.u32()
  const types = { start: typesStart, end: typesStart + cursor.u32() }
  const stringsStart = length + cursor.u32()
  const strings = { start: stringsStart, end: stringsStart + cursor.u32() }

  if (length < cursor.offset)
    cursor.fail(`a header of ${length} bytes is too short`, btf_header.hdr_len)
  if (typesStart % 4 !== 0) cursor.fail('the types are not aligned to 4 bytes', btf_header.type_off)
  if (types.end > stringsStart) cursor.fail('the types reach into the strings', btf_header.type_off)
  if (strings.end > bytes.length) {
    cursor.fail(
      `the strings end at byte ${strings.end}, there are ${bytes.length}`,
      btf_header.str_off,
    )
  }
  return { littleEndian, types, strings }
}

/** The magic number that starts .BTF and .BTF.ext says the byte order. Returns whether it is little-endian. */
export function readByteOrder(bytes: Uint8Array, format: 'BTF' | 'BTF.ext'): boolean {
  if (bytes.length < 4) throw new FormatError(format, 0, `${bytes.length} bytes are no header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint16(0, true) === BTF_MAGIC) return true
  if (view.getUint16(0, false) === BTF_MAGIC) return false
  throw new FormatError(format, 0, 'does not start with the magic number 0xeb9f')
}

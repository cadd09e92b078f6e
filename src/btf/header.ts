import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import { BTF_MAGIC, btf_header, BTF_VERSION } from '../uapi/btf-header.ts'

/** The byte order and the two sections of struct btf_header, in bytes from the start of the BTF. */
export interface BtfHeader {
  readonly littleEndian: boolean
  readonly types: ByteRange
  readonly strings: ByteRange
}
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads struct btf_header. A newer one may be longer; what it adds need not be read (libbpf btf.c: btf_parse_hdr). Throws
 * FormatError.
 */
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

/** Returns whether .BTF or .BTF.ext is little-endian, which its magic number tells. Throws FormatError. */
export function readByteOrder(bytes: Uint8Array, format: 'BTF' | 'BTF.ext'): boolean {
  if (bytes.length < 4)
    throw new FormatError(format, 0, `${bytes.length} bytes are too few for a header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint16(0, true) === BTF_MAGIC) return true
  if (view.getUint16(0, false) === BTF_MAGIC) return false
  throw new FormatError(format, 0, 'does not start with the magic number 0xeb9f')
}

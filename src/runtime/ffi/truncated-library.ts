import { Elf64_Ehdr, Elf64_Phdr } from '../../uapi/elf-records.ts'
import { closeFile, constants, exists, openFile, readInto, statOf } from '../host/files.ts'

/**
 * Says how a shared library is truncated, as after an interrupted copy: the dynamic loader would map what is not there,
 * and the process would end by SIGBUS. Undefined for a complete library and for files of other kinds, which the loader
 * refuses itself.
 */
export function truncation(path: string): string | undefined {
  if (!exists(path)) return undefined
  const fd = openFile(path, constants.O_RDONLY)
  try {
    const stat = statOf(fd)
    const needed = stat.isFile() ? sizeOfSegments(fd) : 0
    return stat.size < needed ? `it has ${stat.size} bytes of ${needed}` : undefined
  } finally {
    closeFile(fd)
  }
}

/** Returns the bytes that a file must have by its program headers; 0 when it is no 64-bit ELF file. */
function sizeOfSegments(fd: number): number {
  const header = read(fd, Elf64_Ehdr.size, 0)
  if (!header || header.getUint32(0) !== 0x7f45_4c46 || header.getUint8(4) !== 2) return 0
  const [count, stride] = [
    header.getUint16(Elf64_Ehdr.e_phnum, true),
    header.getUint16(Elf64_Ehdr.e_phentsize, true),
  ]
  const start = Number(header.getBigUint64(Elf64_Ehdr.e_phoff, true))
  if (stride < Elf64_Phdr.size) return 0
  const table = read(fd, count * stride, start)
  if (!table) return start + count * stride
  const ends = Array.from({ length: count }, (_, index) => {
    const at = index * stride
    return (
      table.getBigUint64(at + Elf64_Phdr.p_offset, true) +
      table.getBigUint64(at + Elf64_Phdr.p_filesz, true)
    )
  })
  return Number(ends.reduce((most, end) => (end > most ? end : most), 0n))
}

/** Returns undefined when the file ends before. */
function read(fd: number, length: number, position: number): DataView | undefined {
  const bytes = new Uint8Array(length)
  return readInto(fd, bytes, position) === length ? new DataView(bytes.buffer) : undefined
}

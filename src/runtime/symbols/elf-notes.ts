import { Elf_Nhdr } from '../../uapi/elf-records.ts'
import { viewOf } from './elf-file.ts'

/** One entry of a note segment or section. */
export interface ElfNote {
  /** `GNU`, `stapsdt`, … */
  readonly owner: string
  /** A number that each owner defines. */
  readonly type: number
  readonly content: Buffer
}

/** Reads the notes of a PT_NOTE segment or an SHT_NOTE section. A note that is cut off has less content. */
export function* elfNotes(bytes: Buffer, littleEndian: boolean): Generator<ElfNote> {
  const data = viewOf(bytes)
  const word = (at: number): number => data.getUint32(at, littleEndian)
  // Owner and content follow the header, each padded to 4 bytes.
  for (let at = 0; at + Elf_Nhdr.size <= bytes.length;) {
    const [ownerSize, contentSize] = [word(at + Elf_Nhdr.n_namesz), word(at + Elf_Nhdr.n_descsz)]
    const contentAt = at + Elf_Nhdr.size + padded(ownerSize)
    yield {
      owner: bytes.toString('latin1', at + Elf_Nhdr.size, at + Elf_Nhdr.size + ownerSize - 1),
      type: word(at + Elf_Nhdr.n_type),
      content: bytes.subarray(contentAt, contentAt + contentSize),
    }
    at = contentAt + padded(contentSize)
  }
}

/** A hostile size must not become negative, so no bit operation. */
const padded = (size: number): number => Math.ceil(size / 4) * 4

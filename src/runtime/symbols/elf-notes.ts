/** One entry of a note segment or section. */
export interface ElfNote {
  /** `GNU`, `stapsdt`, … */
  readonly owner: string
  /** A number that each owner defines. */
  readonly type: number
  readonly content: Buffer
}

/** Bytes of an Elf64_Nhdr or Elf32_Nhdr: n_namesz, n_descsz, n_type. */
const headerSize = 12

/** Reads the notes of a PT_NOTE segment or an SHT_NOTE section. A note that is cut off has less content. */
export function* elfNotes(bytes: Buffer, littleEndian: boolean): Generator<ElfNote> {
  const word = (at: number): number =>
    littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  // Owner and content follow the header, each padded to 4 bytes.
  for (let at = 0; at + headerSize <= bytes.length;) {
    const [ownerSize, contentSize] = [word(at), word(at + 4)]
    const contentAt = at + headerSize + padded(ownerSize)
    yield {
      owner: bytes.toString('latin1', at + headerSize, at + headerSize + ownerSize - 1),
      type: word(at + 8),
      content: bytes.subarray(contentAt, contentAt + contentSize),
    }
    at = contentAt + padded(contentSize)
  }
}

/** A hostile size must not become negative, so no bit operation. */
const padded = (size: number): number => Math.ceil(size / 4) * 4

/** Bytes of linux/elf.h's 64-bit structs. */
const sectionHeaderSize = 64
const symbolSize = 24
const relocationSize = 16

/** Section types (linux/elf.h: SHT_SYMTAB, SHT_REL), and a symbol's (STT_FUNC). */
const symbolTable = 2
const relocationTable = 9
const functionSymbol = 2

interface Section {
  readonly name: string
  readonly type: number
  /** Bytes, in the file. */
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
}

export interface Symbol {
  readonly name: string
  /** Bytes into its section. */
  readonly value: number
  readonly size: number
  readonly isFunction: boolean
  /** Undefined of what other objects define: kernel functions and variables. */
  readonly section: string | undefined
}

/** What a verifier error needs of a BPF object, which libbpf has opened: 64 bits, little-endian. */
export interface ObjectFile {
  readonly bytes: DataView
  readonly symbols: readonly Symbol[]
  /** Where a section lies. */
  section(name: string): { readonly offset: number; readonly size: number } | undefined
  /** By the byte of a section that they change. */
  relocations(section: string): ReadonlyMap<number, Symbol>
}

/**
 * Reads no more of ELF than that: agents carry this in their bundles.
 * @throws {RangeError} when the object is cut off
 */
export function readObjectFile(object: Uint8Array): ObjectFile {
  const bytes = new DataView(object.buffer, object.byteOffset, object.byteLength)
  const sections = readSections(bytes)
  const table = sections.find(({ type }) => type === symbolTable)
  const symbols = table ? readSymbols(bytes, table, sections) : []
  return {
    bytes,
    symbols,
    section: (wanted) => sections.find(({ name }) => name === wanted),
    relocations(target) {
      const found = new Map<number, Symbol>()
      for (const { type, offset, size, info } of sections) {
        if (type !== relocationTable || sections[info]?.name !== target) continue
        for (let at = offset; at < offset + size; at += relocationSize) {
          const symbol = symbols[bytes.getUint32(at + 12, true)]
          if (symbol) found.set(Number(bytes.getBigUint64(at, true)), symbol)
        }
      }
      return found
    },
  }
}

function readSections(bytes: DataView): Section[] {
  const header = (index: number): number =>
    Number(bytes.getBigUint64(40, true)) + index * sectionHeaderSize
  const offsetOf = (index: number): number => Number(bytes.getBigUint64(header(index) + 24, true))
  const names = offsetOf(bytes.getUint16(62, true))
  return Array.from({ length: bytes.getUint16(60, true) }, (_, index) => {
    const at = header(index)
    return {
      name: textAt(bytes, names + bytes.getUint32(at, true)),
      type: bytes.getUint32(at + 4, true),
      offset: offsetOf(index),
      size: Number(bytes.getBigUint64(at + 32, true)),
      link: bytes.getUint32(at + 40, true),
      info: bytes.getUint32(at + 44, true),
    }
  })
}

function readSymbols(bytes: DataView, table: Section, sections: readonly Section[]): Symbol[] {
  const names = sections[table.link]?.offset ?? 0
  return Array.from({ length: Math.floor(table.size / symbolSize) }, (_, index) => {
    const at = table.offset + index * symbolSize
    return {
      name: textAt(bytes, names + bytes.getUint32(at, true)),
      value: Number(bytes.getBigUint64(at + 8, true)),
      size: Number(bytes.getBigUint64(at + 16, true)),
      isFunction: (bytes.getUint8(at + 4) & 0xf) === functionSymbol,
      section: sections[bytes.getUint16(at + 6, true)]?.name || undefined,
    }
  })
}

/** To the first NUL. */
export function textAt(bytes: DataView, at: number): string {
  let end = at
  while (bytes.getUint8(end) !== 0) end++
  return new TextDecoder().decode(new Uint8Array(bytes.buffer, bytes.byteOffset + at, end - at))
}

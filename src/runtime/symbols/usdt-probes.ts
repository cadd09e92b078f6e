import type { ElfFile } from './elf-file.ts'
import { sectionBytes } from './elf-file.ts'

/** elf.h: SHT_NOTE; sys/sdt.h: the type of its notes. */
const SHT_NOTE = 7
const stapsdt = 3

/** `provider:name` of each USDT probe that a file describes (sys/sdt.h), once. */
export function usdtProbes(file: ElfFile): string[] {
  const found = new Set<string>()
  for (const section of file.sections) {
    if (section.type === SHT_NOTE) for (const probe of probesIn(file, section)) found.add(probe)
  }
  return [...found]
}

function* probesIn(file: ElfFile, section: ElfFile['sections'][number]): Generator<string> {
  const notes = sectionBytes(file, section)
  const word = (at: number): number =>
    file.littleEndian ? notes.readUInt32LE(at) : notes.readUInt32BE(at)
  // Elf_Nhdr: namesz, descsz, type; then owner and content, each padded to 4 bytes.
  for (let at = 0; at + 12 <= notes.length;) {
    const [ownerSize, size] = [word(at), word(at + 4)]
    const content = at + 12 + padded(ownerSize)
    if (word(at + 8) === stapsdt && notes.toString('latin1', at + 12, at + 20) === 'stapsdt\0') {
      // Three addresses, then provider, name and arguments as strings.
      const texts = content + 3 * (file.wide ? 8 : 4)
      const [provider, name] = notes.toString('utf8', texts, content + size).split('\0')
      yield `${provider}:${name}`
    }
    at = content + padded(size)
  }
}

const padded = (size: number): number => (size + 3) & ~3

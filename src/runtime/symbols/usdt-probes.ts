import { SDT_NOTE_TYPE, SHT_NOTE } from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { sectionBytes } from './elf-file.ts'
import { elfNotes } from './elf-notes.ts'

/** The `provider:name` of each USDT probe that a file describes (sys/sdt.h), without duplicates. */
export function usdtProbes(file: ElfFile): string[] {
  const probes = new Set<string>()
  for (const section of file.sections) {
    if (section.type === SHT_NOTE) for (const probe of probesIn(file, section)) probes.add(probe)
  }
  return [...probes]
}

function* probesIn(file: ElfFile, section: ElfFile['sections'][number]): Generator<string> {
  for (const { owner, type, content } of elfNotes(sectionBytes(file, section), file.littleEndian)) {
    if (owner !== 'stapsdt' || type !== SDT_NOTE_TYPE) continue
    // Three addresses, then provider, name and arguments as strings.
    const [provider, name] = content.toString('utf8', 3 * (file.wide ? 8 : 4)).split('\0')
    yield `${provider}:${name}`
  }
}

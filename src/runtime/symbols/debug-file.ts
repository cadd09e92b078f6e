import { posix } from 'node:path'

import { NT_GNU_BUILD_ID, PT_NOTE } from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { readElfFile, sectionBytes, withFile } from './elf-file.ts'
import { elfNotes } from './elf-notes.ts'
import { hasSymtab } from './elf-symbol-table.ts'
import { readName } from './read-name.ts'

/** Bytes of one note segment that are read. */
const maxNotesSize = 1 << 16
/** The most note segments that are read. Linkers write two or three. */
const maxNoteSegments = 16

/** The GNU build id in hexadecimal. A file and the debug file of its symbols have the same one. */
export function buildId(file: ElfFile): string | undefined {
  const segments = file.segments.filter(({ type }) => type === PT_NOTE)
  for (const { offset, fileSize } of segments.slice(0, maxNoteSegments)) {
    const notes = file.bytes.read(offset, Math.min(fileSize, maxNotesSize))
    for (const { owner, type, content } of elfNotes(notes, file.littleEndian)) {
      if (owner === 'GNU' && type === NT_GNU_BUILD_ID) return content.toString('hex')
    }
  }
  return undefined
}

/**
 * Calls `use` with the debug file that holds the symbols of a stripped one, from where distributions' debug packages
 * put it (gdb's manual, "Separate Debug Files").
 * @param root the folder in which absolute paths are looked up: `/proc/PID/root`
 * @param path the path of the stripped file
 */
export function withDebugFile<R>(
  file: ElfFile,
  root: string,
  path: string,
  use: (debug: ElfFile) => R,
): R | undefined {
  const id = buildId(file)
  for (const candidate of debugFilePaths(file, id, path)) {
    const result = withFile(root + candidate, ({ bytes }) => {
      const debug = readElfFile(bytes)
      if (!debug || !hasSymtab(debug)) return undefined
      // The addresses of another build would be wrong.
      return buildId(debug) === id ? { value: use(debug) } : undefined
    })
    if (result) return result.value
  }
  return undefined
}

function debugFilePaths(file: ElfFile, id: string | undefined, path: string): string[] {
  const paths: string[] = []
  if (id !== undefined && id.length > 2) {
    paths.push(`/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`)
  }
  const link = debugLink(file)
  if (link !== undefined && !link.includes('/')) {
    const folder = posix.dirname(path)
    paths.push(
      posix.join(folder, link),
      posix.join(folder, '.debug', link),
      posix.join('/usr/lib/debug', folder, link),
    )
  }
  return paths.filter((candidate) => candidate !== path)
}

/** The name of the debug file, from the section .gnu_debuglink. */
function debugLink(file: ElfFile): string | undefined {
  const namesSection = file.sections[file.shstrndx]
  if (!namesSection) return undefined
  const names = sectionBytes(file, namesSection)
  const section = file.sections.find(
    ({ nameOffset }) => readName(names, nameOffset) === '.gnu_debuglink',
  )
  return section && readName(sectionBytes(file, section), 0)
}

import { posix } from 'node:path'

import type { ElfFile } from './elf-file.ts'
import { PT_NOTE, fields, readElfFile, sectionBytes, withFile } from './elf-file.ts'
import { hasSymbolTable } from './elf-symbols.ts'
import { readName } from './strings.ts'

/** elf.h: of the notes whose owner is GNU. */
const NT_GNU_BUILD_ID = 3
const longestNotes = 1 << 16
/** Segments of notes: linkers write two or three. */
const mostNotes = 16

/** In hexadecimal: names a build, with or without its symbols. */
export function buildId(file: ElfFile): string | undefined {
  const segments = file.segments.filter(({ type }) => type === PT_NOTE)
  for (const { offset, fileSize } of segments.slice(0, mostNotes)) {
    const notes = file.bytes.read(offset, Math.min(fileSize, longestNotes))
    const at = fields(notes, file.wide, file.littleEndian)
    // Elf64_Nhdr: sizes of owner and content, type; both padded to 4 bytes.
    for (let note = 0; note + 12 <= notes.length;) {
      const [ownerSize, size] = [at.int(note), at.int(note + 4)]
      const content = note + 12 + ((ownerSize + 3) & ~3)
      const isGnu = notes.toString('latin1', note + 12, note + 12 + ownerSize) === 'GNU\0'
      if (isGnu && at.int(note + 8) === NT_GNU_BUILD_ID) {
        return notes.toString('hex', content, content + size)
      }
      note = content + ((size + 3) & ~3)
    }
  }
  return undefined
}

/**
 * Calls `use` with the file that holds the symbols which were stripped from another, where a distribution's debug
 * packages put it (gdb's manual, "Separate Debug Files").
 * @param root what paths are taken from: `/proc/PID/root`
 * @param path of the stripped file
 */
export function withDebugFile<R>(
  file: ElfFile,
  root: string,
  path: string,
  use: (debug: ElfFile) => R,
): R | undefined {
  const id = buildId(file)
  for (const place of places(file, id, path)) {
    const result = withFile(root + place, ({ bytes }) => {
      const debug = readElfFile(bytes)
      if (!debug || !hasSymbolTable(debug)) return undefined
      // Of another build its addresses would be wrong.
      return buildId(debug) === id ? { value: use(debug) } : undefined
    })
    if (result) return result.value
  }
  return undefined
}

function places(file: ElfFile, id: string | undefined, path: string): string[] {
  const found: string[] = []
  if (id !== undefined && id.length > 2) {
    found.push(`/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`)
  }
  const link = debugLink(file)
  if (link !== undefined && !link.includes('/')) {
    const folder = posix.dirname(path)
    found.push(
      posix.join(folder, link),
      posix.join(folder, '.debug', link),
      posix.join('/usr/lib/debug', folder, link),
    )
  }
  return found.filter((place) => place !== path)
}

/** The file's name in .gnu_debuglink. */
function debugLink(file: ElfFile): string | undefined {
  const namesSection = file.sections[file.namesIndex]
  if (!namesSection) return undefined
  const names = sectionBytes(file, namesSection)
  const section = file.sections.find(
    ({ nameOffset }) => readName(names, nameOffset) === '.gnu_debuglink',
  )
  return section && readName(sectionBytes(file, section), 0)
}

import { withDebugFile } from './debug-file.ts'
import type { ElfFile, ElfSegment, ImageBytes } from './elf-file.ts'
import { PT_LOAD, readElfFile } from './elf-file.ts'
import { elfSymbols, hasSymbolTable } from './elf-symbols.ts'
import type { Found, SymbolTable } from './symbol-table.ts'

/** The symbols of one executable or library, wherever it is mapped. */
export interface Image {
  /** What is at an offset of the file. */
  find(fileOffset: number): Found | undefined
}

/**
 * @param root what the paths of its debug files are taken from: `/proc/PID/root`
 * @param path as the process knows the file
 * @returns undefined of what is no ELF file
 */
export function readImage(bytes: ImageBytes, root: string, path: string): Image | undefined {
  const file = readElfFile(bytes)
  if (!file) return undefined
  const table = symbolsOf(file, root, path)
  const loads = file.segments.filter(({ type }) => type === PT_LOAD)
  return {
    find(fileOffset) {
      const load = loads.find((segment) => holds(segment, fileOffset))
      return load && table.find(fileOffset - load.offset + load.address)
    },
  }
}

function symbolsOf(file: ElfFile, root: string, path: string): SymbolTable {
  const own = (): SymbolTable => elfSymbols(file)
  if (hasSymbolTable(file)) return own()
  return withDebugFile(file, root, path, (debug) => elfSymbols(file, debug)) ?? own()
}

function holds({ offset, fileSize }: ElfSegment, fileOffset: number): boolean {
  return fileOffset >= offset && fileOffset < offset + fileSize
}

import type { ProgramHeader } from '../../uapi/elf-records.ts'
import { PT_LOAD } from '../../uapi/elf.ts'
import { withDebugFile } from './debug-file.ts'
import type { ByteSource, ElfFile } from './elf-file.ts'
import { readElfFile } from './elf-file.ts'
import { elfSymbols, hasSymtab } from './elf-symbol-table.ts'
import type { FoundSymbol, SymbolTable } from './symbol-table.ts'

/** The symbols of one executable or library, wherever it is mapped. */
export interface Image {
  /** Finds the symbol around an offset of the file. */
  find(fileOffset: number): FoundSymbol | undefined
}

/**
 * Reads the symbols of an ELF file, and of its debug file when it is stripped.
 * @param root the folder in which paths of debug files are looked up: `/proc/PID/root`
 * @param path the file's path as the process sees it
 * @returns undefined when it is not an ELF file
 */
export function readImage(bytes: ByteSource, root: string, path: string): Image | undefined {
  const file = readElfFile(bytes)
  if (!file) return undefined
  const table = symbolsOf(file, root, path)
  const loads = file.segments.filter(({ type }) => type === PT_LOAD)
  return {
    find(fileOffset) {
      const load = loads.find((segment) => contains(segment, fileOffset))
      return load && table.find(fileOffset - load.offset + load.address)
    },
  }
}

function symbolsOf(file: ElfFile, root: string, path: string): SymbolTable {
  const withoutDebugFile = (): SymbolTable => elfSymbols(file)
  if (hasSymtab(file)) return withoutDebugFile()
  return withDebugFile(file, root, path, (debug) => elfSymbols(file, debug)) ?? withoutDebugFile()
}

function contains({ offset, fileSize }: ProgramHeader, fileOffset: number): boolean {
  return fileOffset >= offset && fileOffset < offset + fileSize
}

import type { SourceLine } from './error.ts'
import { type LineInfo, readLineInfo } from './line-info.ts'
import { findInstruction, linkProgram } from './linked-program.ts'
import { readObjectFile } from './object-file.ts'
import type { VerifierLog } from './verifier-log.ts'

/**
 * Finds the line of C that the verifier refused: by the instruction's number and the object's .BTF.ext; else by the line
 * that the log names or quotes; else the first line of the program.
 */
export function failingLine(
  object: Uint8Array,
  program: string,
  log: VerifierLog,
): SourceLine | undefined {
  try {
    const file = readObjectFile(object)
    const lines = readLineInfo(file)
    const functions = linkProgram(file, program)
    const { location, lastSourceText } = log
    if (log.instruction !== undefined) {
      const found = findInstruction(functions, log.instruction)
      const source =
        found &&
        sourceOfInstruction(lines.get(found.function.section), found.function.first, found.index)
      if (source) return source
    }
    if (location) {
      return sourceByText(lines, location.text, location.file, location.line) ?? location
    }
    if (lastSourceText !== undefined) return sourceByText(lines, lastSourceText)
    const [main] = functions
    return main && sourceOfInstruction(lines.get(main.section), main.first, main.first)
  } catch (error) {
    // The object is truncated, or no ELF file: libbpf says so itself.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The last line that begins at or before an instruction, in the function that begins at `first`. */
function sourceOfInstruction(
  lines: readonly LineInfo[] | undefined,
  first: number,
  index: number,
): SourceLine | undefined {
  return lines?.findLast(({ instruction }) => instruction >= first && instruction <= index)?.source
}

function sourceByText(
  lines: ReadonlyMap<string, readonly LineInfo[]>,
  text: string,
  file?: string,
  line?: number,
): SourceLine | undefined {
  return [...lines.values()]
    .flat()
    .map(({ source }) => source)
    .find(
      (source) =>
        source.text.trim() === text.trim() &&
        (line === undefined || source.line === line) &&
        (file === undefined || source.file.endsWith(file)),
    )
}

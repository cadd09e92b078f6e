import type { SourceLine } from './error.ts'
import { type LineInfo, readLineInfo } from './line-info.ts'
import { findInstruction, linkProgram } from './linked-program.ts'
import { readObjectFile } from './object-file.ts'
import type { VerifierLog } from './verifier-log.ts'

/**
 * The C behind what the verifier refuses: by the instruction's number and the object's BTF.ext; else what the log itself
 * says; where it is said of the program as a whole, the program's own line.
 */
export function failingLine(
  object: Uint8Array,
  program: string,
  log: VerifierLog,
): SourceLine | undefined {
  try {
    const file = readObjectFile(object)
    const lines = readLineInfo(file)
    const parts = linkProgram(file, program)
    const { place, quoted } = log
    if (log.instruction !== undefined) {
      const found = findInstruction(parts, log.instruction)
      const source = found && sourceAt(lines.get(found.part.section), found.part.first, found.index)
      if (source) return source
    }
    if (place) return sourceNamed(lines, place.text, place.file, place.line) ?? place
    if (quoted !== undefined) return sourceNamed(lines, quoted)
    const [whole] = parts
    return whole && sourceAt(lines.get(whole.section), whole.first, whole.first)
  } catch (error) {
    // The object is cut off, or no ELF: libbpf says so itself.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Of the line that begins at or before an instruction, in the function that begins at `first`. */
function sourceAt(
  lines: readonly LineInfo[] | undefined,
  first: number,
  index: number,
): SourceLine | undefined {
  return lines?.findLast(({ instruction }) => instruction >= first && instruction <= index)?.source
}

function sourceNamed(
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

import type { SourceLine } from './error.ts'
import { readLineInfo } from './line-info.ts'

/**
 * The C behind the verifier's last instruction, from the object's BTF.ext. Instructions of the program itself are found
 * by number; those of functions appended to it (libbpf.c: bpf_object__reloc_code) by the source text that the log
 * quotes above them.
 */
export function failingLine(
  object: Uint8Array,
  program: string,
  log: string,
): SourceLine | undefined {
  const { instruction, text, file, line } = lastPlace(log)
  const lines = readLineInfo(object)
  const main = lines.functions.get(program)
  if (main && instruction !== undefined && instruction < main.instructions) {
    const found = lines.at(main.section, main.first + instruction)
    if (found) return found
  }
  if (text === undefined) return undefined
  const found = lines.all.find(
    (candidate) =>
      candidate.text.trim() === text &&
      (line === undefined || candidate.line === line) &&
      (file === undefined || candidate.file.endsWith(file)),
  )
  if (found) return found
  return file === undefined || line === undefined ? undefined : { file, line, text }
}

interface LogPlace {
  instruction: number | undefined
  text: string | undefined
  /** Kernels from 6.9 on name the place: `; src @ trace.bpf.c:12`. */
  file: string | undefined
  line: number | undefined
}

/** A place is near the log's end: each line of C is quoted before its first instruction. */
const tailLength = 1 << 16

function lastPlace(log: string): LogPlace {
  const lines = log.slice(-tailLength).split('\n')
  const instruction = lines.findLast((line) => /^\d+: \([0-9a-f]{2}\)/.test(line))
  const source = lines.findLast((line) => line.startsWith('; '))?.slice(2)
  const [, text, file, line] = /^(.*?) @ ([^@]+):(\d+)$/.exec(source ?? '') ?? []
  return {
    instruction: instruction === undefined ? undefined : Number.parseInt(instruction, 10),
    text: (text ?? source)?.trim(),
    file,
    line: line === undefined ? undefined : Number(line),
  }
}

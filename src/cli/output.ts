import { writeOutputFile, writeTo } from './output-file.ts'

/**
 * Writes a command's result: to a file, or to stdout when there is none, or it is `-`.
 *
 * @param inputs the files that it was made from
 */
export async function writeOutput(
  file: string | undefined,
  content: string | Uint8Array,
  inputs: readonly string[] = [],
): Promise<void> {
  if (file !== undefined && file !== '-') return writeOutputFile(file, content, inputs)
  return writeTo(1, content)
}

/** Writes a message to stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

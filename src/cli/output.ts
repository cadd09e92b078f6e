import { once } from 'node:events'

import { writeWhole } from '../compile/cache/atomic-write.ts'

/** Writes a command's result: to a file, whole or not at all, or to stdout when there is none, or it is `-`. */
export async function writeOutput(
  file: string | undefined,
  content: string | Uint8Array,
): Promise<void> {
  if (file !== undefined && file !== '-') return writeWhole(file, content)
  if (!process.stdout.write(content)) await once(process.stdout, 'drain')
}

/** What concerns the user but is not the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file so that readers, other processes' too, see the old content or all of the new, never
 * a part: a temporary file beside it, then rename. Missing folders are made.
 */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  try {
    await writeFile(temporary, content)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** A name beside `file`, on the same file system, that no other writer has. */
export function temporaryName(file: string): string {
  return `${file}.${process.pid}.${process.hrtime.bigint()}.tmp`
}

import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a file keeps when it is written anew. */
export interface FileAttributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Writes a file so that readers, other processes' too, see the old content or all of the new, never
 * a part: a temporary file beside it, then rename. Missing folders are made.
 */
export async function writeAtomic(
  file: string,
  content: string | Uint8Array,
  kept?: FileAttributes,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  try {
    // x: no link that someone has put under this name is followed.
    await writeFile(temporary, content, { flag: 'wx' })
    if (kept) await applyAttributes(temporary, kept)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function applyAttributes(file: string, { mode, uid, gid }: FileAttributes): Promise<void> {
  // Nobody else can give a file away.
  if (process.geteuid?.() === 0) await chown(file, uid, gid)
  await chmod(file, mode & 0o7777)
}

/** A name beside `file`, on the same file system, that no other writer has. */
export function temporaryName(file: string): string {
  return `${file}.${process.pid}.${process.hrtime.bigint()}.tmp`
}

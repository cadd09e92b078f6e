import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The attributes that a file keeps when it is replaced. */
export interface FileAttributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Writes a file atomically: readers, in other processes too, see the old content or all of the new. It writes a temporary
 * file beside it, then renames that. Missing folders are made.
 */
export async function writeAtomic(
  file: string,
  content: string | Uint8Array,
  attributes?: FileAttributes,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  try {
    // wx does not follow a link that someone put under this name.
    await writeFile(temporary, content, { flag: 'wx' })
    if (attributes) await applyAttributes(temporary, attributes)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function applyAttributes(file: string, { mode, uid, gid }: FileAttributes): Promise<void> {
  // Only root can change a file's owner.
  if (process.geteuid?.() === 0) await chown(file, uid, gid)
  await chmod(file, mode & 0o7777)
}

/** Returns a name beside `file`, on the same file system, that no other writer uses. */
export function temporaryName(file: string): string {
  return `${file}.${process.pid}.${process.hrtime.bigint()}.tmp`
}

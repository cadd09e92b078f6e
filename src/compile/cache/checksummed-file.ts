import { dirname } from 'node:path'

import { writeAtomic } from './atomic-write.ts'
import { digest } from './digest.ts'
import { readOwnedFile } from './ownership.ts'
import { prune, markUsed } from './prune.ts'

/** A cached file, which begins with the digest of its content. */
export interface ChecksummedFile {
  readonly checksum: string
  readonly content: Buffer
}

const checksumLength = 64

/** Reads a file and verifies its checksum. Undefined if it is missing or damaged. */
export function readChecksummed(file: string): ChecksummedFile | undefined {
  const bytes = readOwnedFile(file)
  if (!bytes) return undefined
  const content = bytes.subarray(checksumLength)
  const checksum = digest(content)
  if (bytes.toString('latin1', 0, checksumLength) !== checksum) return undefined
  markUsed(file)
  return { checksum, content }
}

/** Writes a file, and leaves the `maxFiles` most recently used ones in its folder. Resolves to the checksum. */
export async function writeChecksummed(
  file: string,
  content: Buffer,
  maxFiles: number,
): Promise<string> {
  const checksum = digest(content)
  await writeAtomic(file, Buffer.concat([Buffer.from(checksum), content]))
  await prune(dirname(file), maxFiles)
  return checksum
}

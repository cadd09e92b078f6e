import { dirname } from 'node:path'

import { writeAtomic } from './atomic-write.ts'
import { digest } from './digest.ts'
import { readOwnedFile } from './ownership.ts'
import { prune, markUsed } from './prune.ts'

/** A file of a cache that begins with the digest of the rest. */
export interface ChecksummedFile {
  readonly checksum: string
  readonly content: Buffer
}

const checksumLength = 64

/** Undefined if there is none, or a damaged one. */
export function readChecksummed(file: string): ChecksummedFile | undefined {
  const bytes = readOwnedFile(file)
  if (!bytes) return undefined
  const content = bytes.subarray(checksumLength)
  const seal = digest(content)
  if (bytes.toString('latin1', 0, checksumLength) !== seal) return undefined
  markUsed(file)
  return { checksum: seal, content }
}

/** Writes one, and leaves the `kept` last used of its folder. @returns its seal */
export async function writeChecksummed(
  file: string,
  content: Buffer,
  kept: number,
): Promise<string> {
  const seal = digest(content)
  await writeAtomic(file, Buffer.concat([Buffer.from(seal), content]))
  await prune(dirname(file), kept)
  return seal
}

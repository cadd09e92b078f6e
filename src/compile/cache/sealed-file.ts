import { dirname } from 'node:path'

import { writeAtomic } from './atomic-write.ts'
import { digest } from './digest.ts'
import { readOwn } from './ownership.ts'
import { prune, touch } from './prune.ts'

/** A file of a cache that begins with the digest of the rest. */
export interface Sealed {
  readonly seal: string
  readonly content: Buffer
}

const sealLength = 64

/** Undefined if there is none, or a damaged one. */
export function readSealed(file: string): Sealed | undefined {
  const bytes = readOwn(file)
  if (!bytes) return undefined
  const content = bytes.subarray(sealLength)
  const seal = digest(content)
  if (bytes.toString('latin1', 0, sealLength) !== seal) return undefined
  touch(file)
  return { seal, content }
}

/** Writes one, and leaves the `kept` last used of its folder. @returns its seal */
export async function writeSealed(file: string, content: Buffer, kept: number): Promise<string> {
  const seal = digest(content)
  await writeAtomic(file, Buffer.concat([Buffer.from(seal), content]))
  await prune(dirname(file), kept)
  return seal
}

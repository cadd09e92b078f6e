import { Memory } from './intrinsics.ts'
import type { CompositeLayout, Member } from './layout.ts'
import { shownNames } from './members.ts'
import { type Path, typeError } from './path.ts'
import { read } from './read.ts'

/** Writes a member of the value given, or of another value. */
export type WriteMember = (member: Member, d: DataView, o: number, value?: unknown) => void

export type WriteAgreed = (
  members: readonly Member[],
  write: WriteMember,
  d: DataView,
  o: number,
  path: Path | undefined,
  size: number,
) => void

/**
 * Several members of a union. They agree when there are bytes that read back in each of them as what was given for it.
 * Compared byte by byte they would not: a string does not say what lies behind its NUL, a boolean which of the bytes
 * that are true it was, nor NaN which of the NaNs. So each in turn corrects the bytes that it reads otherwise, until
 * none does.
 */
export const writeAgreed: WriteAgreed = (members, write, d, o, path, size) => {
  const parts = members.map((member) => new Part(member, write, size))
  const bytes = new Uint8Array(size)
  if (agree(parts, bytes)) {
    for (const [index, byte] of bytes.entries()) d.setUint8(o + index, byte)
    return
  }
  for (const [index, one] of parts.entries()) {
    const other = parts.slice(0, index).find((before) => !agree([before, one], bytes))
    if (other) throw disagreement(path, [other.member, one.member])
  }
  throw disagreement(path, members)
}

function agree(parts: readonly Part[], bytes: Uint8Array): boolean {
  bytes.fill(0)
  // Of members that agree, each says less of some byte than at most all others.
  for (let round = 0; round <= parts.length; round++) {
    const corrections = parts.filter((part) => part.correct(bytes))
    if (corrections.length === 0) return true
  }
  return false
}

function disagreement(path: Path | undefined, members: readonly Member[]): TypeError {
  const names = members.map(shownNames).join(' and ')
  return typeError(path, `${names} disagree on the bytes that they share, give one of them`)
}

/** What one member asks of the bytes that it shares. */
class Part {
  readonly member: Member
  readonly #write: WriteMember
  readonly #alone: CompositeLayout
  readonly #meant: Uint8Array
  /** The bits that it takes. */
  readonly #mask: Uint8Array

  constructor(member: Member, write: WriteMember, size: number) {
    this.member = member
    this.#write = write
    this.#alone = { kind: 'struct', name: '', size, members: [member] }
    this.#meant = this.#written(0)
    const overOnes = this.#written(0xff)
    this.#mask = this.#meant.map((byte, index) => ~(byte ^ (overOnes[index] ?? 0)))
  }

  /** Whether there was something to correct. */
  correct(bytes: Uint8Array): boolean {
    const got = this.#readBack(bytes)
    let corrected = false
    for (const [index, meant] of this.#meant.entries()) {
      if (got?.[index] === meant) continue
      const mask = this.#mask[index] ?? 0
      const before = bytes[index] ?? 0
      const after = (before & ~mask) | (meant & mask)
      bytes[index] = after
      // Of bytes that cannot be read, some may be as they should be.
      corrected ||= got !== undefined || before !== after
    }
    return corrected
  }

  /** What would be written for what the bytes now read as; undefined when that cannot be written. */
  #readBack(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const d = new Memory(bytes.buffer)
      return this.#written(0, read(this.#alone, d, 0, bytes.length))
    } catch {
      return undefined
    }
  }

  #written(filling: number, value?: unknown): Uint8Array {
    const bytes = new Uint8Array(this.#alone.size).fill(filling)
    this.#write(this.member, new Memory(bytes.buffer), 0, value)
    return bytes
  }
}

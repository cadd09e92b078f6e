import { Memory } from './intrinsics.ts'
import { addSupport } from './layout-support.ts'
import {
  type CompositeLayout,
  type Member,
  members,
  type MemberTuple,
  type UnionLayout,
} from './layout.ts'
import { memberNames } from './members.ts'
import { read } from './read.ts'
import { type ValuePath, typeError } from './value-path.ts'

export function union(name: string, size: number, tuples: readonly MemberTuple[]): UnionLayout {
  addSupport('union', writeUnion)
  return { kind: 'union', name, size, members: members(tuples) }
}

/** Writes a member: its field of the object that is written, or `value` in place of that. */
export type WriteMember = (member: Member, d: DataView, o: number, value?: unknown) => void

export type WriteUnion = (
  members: readonly Member[],
  write: WriteMember,
  d: DataView,
  o: number,
  path: ValuePath | undefined,
  size: number,
) => void

/**
 * Writes several members of a union. They agree when some bytes read back in each of them as the value given for it.
 * Comparing their bytes would not do: a string does not say what follows its NUL, a boolean which of the true bytes it
 * was, NaN which of the NaNs. So each member in turn corrects the bytes that it reads otherwise, until none does.
 */
const writeUnion: WriteUnion = (members, write, d, o, path, size) => {
  const images = members.map((member) => new MemberImage(member, write, size))
  const bytes = new Uint8Array(size)
  if (agree(images, bytes)) {
    for (const [index, byte] of bytes.entries()) d.setUint8(o + index, byte)
    return
  }
  for (const [index, image] of images.entries()) {
    const other = images.slice(0, index).find((before) => !agree([before, image], bytes))
    if (other) throw disagreement(path, [other.member, image.member])
  }
  throw disagreement(path, members)
}

function agree(images: readonly MemberImage[], bytes: Uint8Array): boolean {
  bytes.fill(0)
  // A member that agrees with the others corrects a byte at most once for each of them.
  for (let round = 0; round <= images.length; round++) {
    const corrections = images.filter((image) => image.correct(bytes))
    if (corrections.length === 0) return true
  }
  return false
}

function disagreement(path: ValuePath | undefined, members: readonly Member[]): TypeError {
  const names = members.map(memberNames).join(' and ')
  return typeError(
    path,
    `${names} share bytes, and the values given for them differ there: give only one of them`,
  )
}

/** The bytes of a union as one member writes them. */
class MemberImage {
  readonly member: Member
  readonly #write: WriteMember
  /** A struct of the member alone, which reads it back. */
  readonly #struct: CompositeLayout
  readonly #bytes: Uint8Array
  /** The bits that the member writes. */
  readonly #mask: Uint8Array

  constructor(member: Member, write: WriteMember, size: number) {
    this.member = member
    this.#write = write
    this.#struct = { kind: 'struct', name: '', size, members: [member] }
    this.#bytes = this.#written(0)
    const overOnes = this.#written(0xff)
    this.#mask = this.#bytes.map((byte, index) => ~(byte ^ (overOnes[index] ?? 0)))
  }

  /** Corrects the bytes that read otherwise in this member. Returns whether there were any. */
  correct(bytes: Uint8Array): boolean {
    const readBack = this.#readBack(bytes)
    let corrected = false
    for (const [index, wanted] of this.#bytes.entries()) {
      if (readBack?.[index] === wanted) continue
      const mask = this.#mask[index] ?? 0
      const before = bytes[index] ?? 0
      const after = (before & ~mask) | (wanted & mask)
      bytes[index] = after
      // Bytes that cannot be read back may be right already.
      corrected ||= readBack !== undefined || before !== after
    }
    return corrected
  }

  /** Writes the value that the bytes now read as; returns undefined when that value cannot be written. */
  #readBack(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const d = new Memory(bytes.buffer)
      return this.#written(0, read(this.#struct, d, 0, bytes.length))
    } catch {
      return undefined
    }
  }

  #written(filling: number, value?: unknown): Uint8Array {
    const bytes = new Uint8Array(this.#struct.size).fill(filling)
    this.#write(this.member, new Memory(bytes.buffer), 0, value)
    return bytes
  }
}

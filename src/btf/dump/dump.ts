import { FormatError } from '../../elf/format-error.ts'
import type { RawBtf } from '../btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import { type Alignments, createAlignments } from '../size.ts'
import type { TypeId } from '../types.ts'
import { createNames, type Names } from './names.ts'

/** One C dump in the making: what its parts share. */
export interface Dump {
  readonly btf: RawBtf
  readonly names: Names
  readonly alignments: Alignments
  /** Declarations by type id: there are few types, and many members of each. */
  readonly frames: { readonly named: Map<TypeId, Frame>; readonly nameless: Map<TypeId, Frame> }
  /** Types visited so far. */
  steps: number
}

/** What a declaration says around its name; without `after` it has none. */
export interface Frame {
  readonly before: string
  readonly after: string | undefined
}

export function createDump(btf: RawBtf): Dump {
  return {
    btf,
    names: createNames(btf.table),
    alignments: createAlignments(btf),
    frames: { named: new Map(), nameless: new Map() },
    steps: 0,
  }
}

/**
 * Visits of types: a whole kernel takes 300,000. Types made to refer to each other in ever more ways
 * would take forever.
 */
const MAX_STEPS = 2 ** 22

/** Characters: a whole kernel takes 3 million. */
const MAX_LENGTH = 2 ** 26

/** Each visit of a type that may lead to others begins with this: it keeps hostile types bounded. Throws FormatError. */
export function enter(dump: Dump, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new FormatError('BTF', 0, `types refer to themselves, or nest deeper than ${MAX_DEPTH}`)
  }
  if (++dump.steps > MAX_STEPS) {
    throw new FormatError('BTF', 0, 'types refer to each other in more ways than can be followed')
  }
}

/** Throws FormatError when the dump has become too long: returns its length. */
export function bounded(length: number): number {
  if (length > MAX_LENGTH) {
    throw new FormatError('BTF', 0, `as C the types take more than ${MAX_LENGTH} characters`)
  }
  return length
}

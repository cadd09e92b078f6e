import { FormatError } from '../../elf/format-error.ts'
import type { RawBtf } from '../btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import { type Alignments, createAlignments } from '../size.ts'
import type { TypeId } from '../types.ts'
import { createNames, type Names } from './names.ts'

/** The state of one C dump. */
export interface Dump {
  readonly btf: RawBtf
  readonly names: Names
  readonly alignments: Alignments
  /** A cache by type id: there are few types, and many members of each. */
  readonly declarations: {
    readonly named: Map<TypeId, SplitDeclaration>
    readonly nameless: Map<TypeId, SplitDeclaration>
  }
  /** The number of types visited so far. */
  steps: number
}

/** A declaration before and after its name; without `after` it has no name. */
export interface SplitDeclaration {
  readonly before: string
  readonly after: string | undefined
}

export function createDump(btf: RawBtf): Dump {
  return {
    btf,
    names: createNames(btf.table),
    alignments: createAlignments(btf),
    declarations: { named: new Map(), nameless: new Map() },
    steps: 0,
  }
}

/**
 * The most visits of types. A kernel takes 300,000; types that a hostile BTF makes refer to each other in ever more ways would
 * take forever.
 */
const MAX_STEPS = 2 ** 22

/** The most characters of a dump. A kernel takes 3 million. */
const MAX_LENGTH = 2 ** 26

/** Counts the visit of a type that may lead to others. Throws FormatError when a hostile BTF would take too long. */
export function enter(dump: Dump, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new FormatError('BTF', 0, `types refer to themselves, or nest deeper than ${MAX_DEPTH}`)
  }
  if (++dump.steps > MAX_STEPS) {
    throw new FormatError('BTF', 0, 'types refer to each other in more ways than can be followed')
  }
}

/** Returns the length. Throws FormatError when it is too long for a dump. */
export function bounded(length: number): number {
  if (length > MAX_LENGTH) {
    throw new FormatError('BTF', 0, `as C the types take more than ${MAX_LENGTH} characters`)
  }
  return length
}

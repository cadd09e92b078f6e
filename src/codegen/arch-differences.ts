import type { BpfObject } from '../object/object.ts'
import { describeSkeleton } from './json.ts'
import type { ModelWarning, SkeletonModel } from './model.ts'

export interface ArchModel {
  readonly arch: string
  readonly model: SkeletonModel
  readonly bpf: BpfObject
}

/** What one skeleton cannot show of the objects of several architectures, whose first it describes. */
export interface ArchDifferences {
  /** Maps, programs and sections that not all of them have: such an object would not open. */
  readonly errors: readonly ModelWarning[]
  /** Layouts and values that JavaScript has of the first alone. */
  readonly warnings: readonly ModelWarning[]
}

export function archDifferences(first: ArchModel, others: readonly ArchModel[]): ArchDifferences {
  const own = traits(first)
  const [errors, warnings]: [ModelWarning[], ModelWarning[]] = [[], []]
  for (const other of others) {
    const theirs = traits(other)
    for (const [what, trait] of new Map([...theirs, ...own])) {
      const [mine, its] = [own.get(what)?.value, theirs.get(what)?.value]
      if (mine === its) continue
      const list = trait.mustMatch ? errors : warnings
      list.push({
        message: differenceMessage(what, [first.arch, mine], [other.arch, its], trait),
        subject: trait.subject,
      })
    }
  }
  return { errors, warnings }
}

interface Trait {
  /** Equal where architectures agree. */
  readonly value: string
  /** Whether every object must have it alike. */
  readonly mustMatch: boolean
  /** A key of `SkeletonModel.declared`. */
  readonly subject: string
}

function differenceMessage(
  what: string,
  [first, mine]: readonly [arch: string, value: string | undefined],
  [other, its]: readonly [arch: string, value: string | undefined],
  { mustMatch: isShape }: Trait,
): string {
  const difference =
    mine === undefined
      ? `${what} exists for ${other} but not for ${first}`
      : its === undefined
        ? `${what} exists for ${first} but not for ${other}`
        : `${what} differs between ${first} and ${other}`
  return isShape
    ? `${difference}: one skeleton is for both, so let what depends on the architecture be in the bodies of functions`
    : `${difference}: JavaScript has that of ${first}, on ${other} too`
}

/** By what a person calls it. */
function traits({ model, bpf }: ArchModel): Map<string, Trait> {
  const { programs, maps, sections, types, constants, defines } = describeSkeleton(model, bpf)
  const found = new Map<string, Trait>()
  const add = (what: string, subject: string, value: unknown, isShape = false): void => {
    found.set(what, { subject, value: JSON.stringify(value), mustMatch: isShape })
  }
  for (const { name, type } of programs) add(`program ${name}`, name, type, true)
  for (const { name, type, keySize, valueSize, key, value, origin } of maps) {
    add(`map ${name}`, name, type, true)
    if (origin === 'user') add(`what map ${name} holds`, name, { keySize, valueSize, key, value })
  }
  for (const { name, field, variables } of sections) {
    add(`section ${name}`, field, true, true)
    for (const { name: variable, offset, type } of variables) {
      add(`variable ${variable}`, variable, { offset, type })
    }
  }
  for (const { name, type } of types) add(`type ${name}`, name, type)
  for (const { name, value } of constants) add(`constant ${name}`, name, value)
  for (const { name, value } of defines) add(`macro ${name}`, name, value)
  return found
}

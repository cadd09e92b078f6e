import type { BpfObject } from '../object/object.ts'
import { describeSkeleton } from './json.ts'
import type { ModelWarning } from './model-warnings.ts'
import type { SkeletonModel } from './model.ts'

export interface ArchModel {
  readonly arch: string
  readonly model: SkeletonModel
  readonly bpf: BpfObject
}

/** The differences between the objects of several architectures, which one skeleton cannot show: it describes the first. */
export interface ArchDifferences {
  /** Maps, programs and sections that some objects lack: the skeleton could not open those. */
  readonly errors: readonly ModelWarning[]
  /** Layouts and values that differ: JavaScript has those of the first. */
  readonly warnings: readonly ModelWarning[]
}

export function archDifferences(first: ArchModel, others: readonly ArchModel[]): ArchDifferences {
  const firstTraits = traits(first)
  const [errors, warnings]: [ModelWarning[], ModelWarning[]] = [[], []]
  for (const other of others) {
    const otherTraits = traits(other)
    for (const [what, trait] of new Map([...otherTraits, ...firstTraits])) {
      const [firstValue, otherValue] = [firstTraits.get(what)?.value, otherTraits.get(what)?.value]
      if (firstValue === otherValue) continue
      const list = trait.mustMatch ? errors : warnings
      list.push({
        message: differenceMessage(what, [first.arch, firstValue], [other.arch, otherValue], trait),
        subject: trait.subject,
      })
    }
  }
  return { errors, warnings }
}

interface Trait {
  /** Equal where architectures agree. */
  readonly value: string
  /** Whether a difference is an error. */
  readonly mustMatch: boolean
  /** A key of `SkeletonModel.declared`. */
  readonly subject: string
}

function differenceMessage(
  what: string,
  [first, firstValue]: readonly [arch: string, value: string | undefined],
  [other, otherValue]: readonly [arch: string, value: string | undefined],
  { mustMatch }: Trait,
): string {
  const difference =
    firstValue === undefined
      ? `${what} exists for ${other} but not for ${first}`
      : otherValue === undefined
        ? `${what} exists for ${first} but not for ${other}`
        : `${what} differs between ${first} and ${other}`
  return mustMatch
    ? `${difference}: one skeleton serves both, so move what depends on the architecture into the bodies of functions`
    : `${difference}: JavaScript uses that of ${first} on ${other} too`
}

/** Returns all traits of an object by what a message calls them. */
function traits({ model, bpf }: ArchModel): Map<string, Trait> {
  const { programs, maps, sections, types, constants, defines } = describeSkeleton(model, bpf)
  const found = new Map<string, Trait>()
  const add = (what: string, subject: string, value: unknown, mustMatch = false): void => {
    found.set(what, { subject, value: JSON.stringify(value), mustMatch })
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

import type { BtfType, TypeId } from '../btf/types.ts'
import { nameOf, type Die } from './die.ts'
import type { References } from './references.ts'
import { isRecord, referredType, underModifiers } from './referred-type.ts'
import { forwardDeclaration, translate } from './translate.ts'

/** Types of DWARF as a BTF graph. */
export interface TranslatedTypes {
  /** The types by id; [0] is void. */
  readonly types: readonly BtfType[]
  /** Returns the id of an entry's type; undefined when it was not reached. */
  idOf(die: Die): TypeId | undefined
}

/**
 * Translates `roots` and all types that they reach, as llvm's BTFDebug.cpp would. Behind a pointer, a struct or union that is
 * not the user's becomes a forward declaration: a `struct task_struct *` would bring thousands. A queue instead of recursion
 * keeps a long chain of types off the stack. Throws FormatError.
 */
export function toBtf(roots: readonly Die[], isOwn: (die: Die) => boolean): TranslatedTypes {
  const types: BtfType[] = [{ kind: 'void', name: '' }]
  const ids = { whole: new Map<number, TypeId>(), forward: new Map<number, TypeId>() }
  const queue: { readonly id: TypeId; readonly die: Die; readonly form: DeclarationForm }[] = []

  const added = new Map<BtfType, TypeId>()
  const append = (type: BtfType): TypeId => types.push(type) - 1
  const add = (type: BtfType): TypeId => {
    const id = added.get(type) ?? append(type)
    added.set(type, id)
    return id
  }
  const idOf = (die: Die, form: DeclarationForm): TypeId => {
    const known = ids[form].get(die.offset)
    if (known !== undefined) return known
    const id = append({ kind: 'void', name: '' })
    ids[form].set(die.offset, id)
    queue.push({ id, die, form })
    return id
  }
  const isForeign = (die: Die): boolean => isRecord(die.tag) && nameOf(die) !== '' && !isOwn(die)
  const references = (form: DeclarationForm): References => ({
    add,
    target: (from) => {
      const die = referredType(from)
      return die ? idOf(die, form) : 0
    },
    pointee: (from) => {
      const die = referredType(from)
      if (!die) return 0
      return idOf(die, isForeign(underModifiers(die)) ? 'forward' : 'whole')
    },
  })
  const whole = references('whole')
  const forward = references('forward')

  for (const root of roots) idOf(root, 'whole')
  // Grows while it is walked.
  for (const { id, die, form } of queue) {
    if (form === 'whole') types[id] = translate(die, id, whole)
    else types[id] = isRecord(die.tag) ? forwardDeclaration(die) : translate(die, id, forward)
  }
  return { types, idOf: (die) => ids.whole.get(die.offset) }
}

/** `forward`: a struct or union that is not the user's gets a name only, also behind typedefs and qualifiers. */
type DeclarationForm = 'whole' | 'forward'

import * as dw from './constants.ts'
import { attribute, hasAttribute, walk, type Die } from './die.ts'
import type { FileOf } from './files.ts'
import type { SourceLocation } from './source-location.ts'
import type { Unit } from './units.ts'

/** The declarations in the user's files. Each list is in the order of the DWARF. */
export interface UserDeclarations {
  /** Structs, unions, enums and typedefs, at any depth, anonymous ones included. */
  readonly types: readonly Die[]
  /** The variables of file scope, maps among them. */
  readonly variables: readonly Die[]
  readonly functions: readonly Die[]
}

/** Returns where an entry is declared; undefined when DWARF does not tell. */
export function locationOf(die: Die, fileOf: FileOf): SourceLocation | undefined {
  const file = attribute(die, dw.DW_AT_decl_file)
  const line = attribute(die, dw.DW_AT_decl_line)
  if (typeof file !== 'number' || typeof line !== 'number') return undefined
  const path = fileOf(die.unit, file)
  return path === undefined ? undefined : { file: path, line }
}

/** Returns a function that tells whether an entry is declared in a user's file. It calls `isOwn` once for each file. */
export function ownership(fileOf: FileOf, isOwn: (file: string) => boolean): (die: Die) => boolean {
  const answers = new Map<Unit, boolean[]>()
  return (die) => {
    const index = attribute(die, dw.DW_AT_decl_file)
    if (typeof index !== 'number') return false
    let ofUnit = answers.get(die.unit)
    if (!ofUnit) answers.set(die.unit, (ofUnit = []))
    const file = ofUnit[index] === undefined ? fileOf(die.unit, index) : undefined
    return (ofUnit[index] ??= file !== undefined && isOwn(file))
  }
}

const DECLARATIONS: ReadonlySet<number> = new Set([
  dw.DW_TAG_class_type,
  dw.DW_TAG_enumeration_type,
  dw.DW_TAG_structure_type,
  dw.DW_TAG_subprogram,
  dw.DW_TAG_typedef,
  dw.DW_TAG_union_type,
  dw.DW_TAG_variable,
])

/** Finds the user's declarations in one pass. A vmlinux.h brings 100,000 others, so nothing is decoded needlessly. */
export function userDeclarations(
  units: readonly Unit[],
  isOwn: (die: Die) => boolean,
): UserDeclarations {
  const types: Die[] = []
  const variables: Die[] = []
  const functions: Die[] = []
  for (const unit of units) {
    walk(unit, DECLARATIONS, (die, depth) => {
      // A deeper variable is local to a function.
      if (die.tag === dw.DW_TAG_variable && depth > 1) return
      if (!isOwn(die)) return
      if (die.tag === dw.DW_TAG_variable) variables.push(die)
      else if (die.tag === dw.DW_TAG_subprogram) functions.push(die)
      else if (!hasAttribute(die, dw.DW_AT_declaration)) types.push(die)
    })
  }
  return { types, variables, functions }
}

import { sizeOf, type Layout, type Member } from '../codec/layout.ts'
import type { Text } from './declaration-map.ts'
import { jsdoc } from './jsdoc.ts'
import type { SectionModel } from './model.ts'
import type { ShadowModel } from './struct-ops-shadow.ts'
import { property, readType, type TypeContext } from './typescript-type.ts'

/** Returns the properties of a data section: its variables, in live memory. */
export function variableLines(context: TypeContext, { elfName, layout }: SectionModel): Text {
  const isReadOnly = elfName === '.kconfig'
  return layout.members.map((variable) => {
    // The array at the end of the section changes its length when the map is resized.
    const isResizable = variable.offset + sizeOf(variable.layout) === layout.size
    return variableLine(context, variable, { isReadOnly, isResizable })
  })
}

/** Returns the properties of a struct_ops until load: its scalars, and the programs that are its functions. */
export function shadowLines(context: TypeContext, { layout, functions }: ShadowModel): Text {
  const { indent, rt } = context
  return layout.members.map((member) =>
    functions.includes(member.name)
      ? [indent, property(member.name, undefined), `: ${rt}.Program | null\n`]
      : variableLine(context, member, {}),
  )
}

interface VariableTraits {
  readonly isReadOnly?: boolean
  readonly isResizable?: boolean
}

function variableLine(
  context: TypeContext,
  { name, layout }: Member,
  { isReadOnly, isResizable }: VariableTraits,
): Text {
  const { indent, model, rt } = context
  const declared = model.declared.get(name)
  const title = property(name, declared)
  const doc = jsdoc(declared?.doc, indent)
  const value = readType(context, layout, name)
  const live = liveType(context, layout, name) ?? value
  if (isReadOnly) return [doc, indent, 'readonly ', title, ': ', live, '\n']
  if (isSymmetric(layout)) return [doc, indent, title, ': ', live, '\n']
  const getter = ['get ', title, '(): ', live]
  const assigned =
    isResizable && layout.kind === 'array'
      ? ['(', readType(context, layout.element, name), ')[]']
      : value
  const written = layout.kind === 'int' ? `${rt}.Integer` : [`${rt}.In<`, assigned, '>']
  const setter = ['set ', title, '(value: ', written, ')']
  return [doc, indent, getter, '\n', indent, setter, '\n']
}

/** Returns the type of a view of live memory; undefined for layouts that read as values. */
function liveType(context: TypeContext, layout: Layout, key: string): Text | undefined {
  const { rt } = context
  switch (layout.kind) {
    case 'bytes':
      return `${rt}.ViewArray<number>`
    case 'array':
      return [`${rt}.ViewArray<`, readType(context, layout.element, key), '>']
    case 'struct':
    case 'union':
      return [`${rt}.View<`, readType(context, layout, key), '>']
    default:
      return undefined
  }
}

/** Returns whether the type that is read is also the only one that may be written: a bigint may be written as a number. */
function isSymmetric(layout: Layout): boolean {
  switch (layout.kind) {
    case 'int':
      return layout.size <= 4 || layout.safe !== undefined
    case 'enum':
      return layout.size <= 4
    case 'bool':
    case 'float':
      return true
    default:
      return false
  }
}

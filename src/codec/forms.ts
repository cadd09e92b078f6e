import { addSupport } from './layout-support.ts'
import { bytes, type CompositeLayout, type Layout, sizeOf } from './layout.ts'
import { isAnonymous, isComposite } from './members.ts'
import { textForms } from './text-forms.ts'

export type Form = 'bytes' | 'strings' | 'text'
export type Forms = Readonly<Record<string, Form>>

type ReadAs<F> = F extends 'bytes' ? Uint8Array : F extends 'strings' ? string[] : string

/** The type `T` with the fields at the paths of `R` read in those forms. */
export type WithForms<T, R, Prefix extends string = ''> = T extends Uint8Array
  ? T
  : T extends readonly unknown[]
    ? { [K in keyof T]: WithForms<T[K], R, Prefix> }
    : T extends object
      ? {
          [K in keyof T]: `${Prefix}${K & string}` extends infer P extends string
            ? P extends keyof R
              ? ReadAs<R[P]>
              : WithForms<T[K], R, `${P}.`>
            : never
        }
      : T

/** Returns the layout with fields in other forms. @throws {TypeError} for a path without a field, or a form that does not fit */
export function withForms(layout: Layout, forms: Forms): Layout {
  let changed = layout
  for (const [path, form] of Object.entries(forms)) {
    changed = changeAt(changed, path.split('.'), (field) => inForm(field, form, path), path)
  }
  return changed
}

function changeAt(
  layout: Layout,
  names: readonly string[],
  change: (field: Layout) => Layout,
  path: string,
): Layout {
  const [name, ...inner] = names
  if (name === undefined) return change(layout)
  if (layout.kind === 'array') {
    return { ...layout, element: changeAt(layout.element, names, change, path) }
  }
  const changed =
    isComposite(layout) &&
    changeMember(layout, name, (field) => changeAt(field, inner, change, path))
  if (changed) return changed
  throw new TypeError(`with(): there is no field ${path}`)
}

/** Returns undefined when no member has the name. */
function changeMember(
  layout: CompositeLayout,
  name: string,
  change: (field: Layout) => Layout,
): CompositeLayout | undefined {
  let found = false
  const members = layout.members.map((member) => {
    if (isAnonymous(member)) {
      const inner = changeMember(member.layout, name, change)
      if (!inner) return member
      found = true
      return { ...member, layout: inner }
    }
    if (member.name !== name || member.bits) return member
    found = true
    return { ...member, layout: change(member.layout) }
  })
  return found ? { ...layout, members } : undefined
}

function inForm(field: Layout, form: Form, path: string): Layout {
  if (form === 'bytes') return bytes(sizeOf(field))
  if (!Object.hasOwn(textForms, form)) {
    throw new TypeError(
      `with(): ${path} cannot be read as ${JSON.stringify(form)}: the forms are "bytes", "strings" and "text"`,
    )
  }
  const length = textLength(field)
  if (length === undefined) {
    throw new TypeError(
      `with(): ${path} cannot be read as "${form}": it is neither an array of char nor of bytes`,
    )
  }
  addSupport(form, textForms[form])
  return { kind: 'chars', length, as: form }
}

/** Returns the length of an array of single bytes in bytes, and undefined for other layouts. */
function textLength(field: Layout): number | undefined {
  if (field.kind === 'chars' || field.kind === 'bytes') return field.length
  const isByte = field.kind === 'array' && field.element.kind === 'int' && field.element.size === 1
  return isByte ? field.length : undefined
}

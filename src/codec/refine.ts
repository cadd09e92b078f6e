import { addFeature } from './features.ts'
import { bytes, type CompositeLayout, type Layout, sizeOf } from './layout.ts'
import { isAnonymous, isComposite } from './members.ts'
import { textForms } from './text-forms.ts'

export type Form = 'bytes' | 'strings' | 'text'
export type Refinements = Readonly<Record<string, Form>>

type Read<F> = F extends 'bytes' ? Uint8Array : F extends 'strings' ? string[] : string

/** `T` with the fields of the paths read in those forms. */
export type Refined<T, R, Prefix extends string = ''> = T extends Uint8Array
  ? T
  : T extends readonly unknown[]
    ? { [K in keyof T]: Refined<T[K], R, Prefix> }
    : T extends object
      ? {
          [K in keyof T]: `${Prefix}${K & string}` extends infer P extends string
            ? P extends keyof R
              ? Read<R[P]>
              : Refined<T[K], R, `${P}.`>
            : never
        }
      : T

/** TypeError for a path that names no field, or one that cannot be read so. */
export function refine(layout: Layout, forms: Refinements): Layout {
  let refined = layout
  for (const [path, form] of Object.entries(forms)) {
    refined = refineAt(refined, path.split('.'), (field) => formed(field, form, path), path)
  }
  return refined
}

function refineAt(
  layout: Layout,
  names: readonly string[],
  change: (field: Layout) => Layout,
  path: string,
): Layout {
  const [name, ...inner] = names
  if (name === undefined) return change(layout)
  if (layout.kind === 'array') {
    return { ...layout, element: refineAt(layout.element, names, change, path) }
  }
  const refined =
    isComposite(layout) &&
    refineMember(layout, name, (field) => refineAt(field, inner, change, path))
  if (refined) return refined
  throw new TypeError(`with(): there is no field ${path}`)
}

/** Undefined when no member has the name. */
function refineMember(
  layout: CompositeLayout,
  name: string,
  change: (field: Layout) => Layout,
): CompositeLayout | undefined {
  let found = false
  const members = layout.members.map((member) => {
    if (isAnonymous(member)) {
      const inner = refineMember(member.layout, name, change)
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

function formed(field: Layout, form: Form, path: string): Layout {
  if (form === 'bytes') return bytes(sizeOf(field))
  if (!Object.hasOwn(textForms, form)) {
    throw new TypeError(
      `with(): ${path}: there is no form ${JSON.stringify(form)}; there are bytes, strings and text`,
    )
  }
  const length = textLength(field)
  if (length === undefined) {
    throw new TypeError(`with(): ${path} is neither chars nor bytes, it cannot be read as ${form}`)
  }
  addFeature(form, textForms[form])
  return { kind: 'chars', length, as: form }
}

/** Of an array of single bytes, also one with several dimensions. */
function textLength(field: Layout): number | undefined {
  if (field.kind === 'chars' || field.kind === 'bytes') return field.length
  const isByte = field.kind === 'array' && field.element.kind === 'int' && field.element.size === 1
  return isByte ? field.length : undefined
}

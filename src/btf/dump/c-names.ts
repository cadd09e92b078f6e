import type { Btf } from '../btf.ts'
import type { BtfType } from '../types.ts'

/**
 * The graph with names that C takes. Compilers of other languages write `Option<T>`, and a damaged or hostile BTF
 * anything: what cannot stand in a name becomes `_`. The same graph where all names are well.
 */
export function withCNames(btf: Btf): Btf {
  const types = all(btf.types, namedForC)
  return types === btf.types ? btf : { ...btf, types }
}

/** The name, or the nearest to it that is an identifier. */
export function cIdentifier(name: string): string {
  if (/^[A-Za-z_$][\w$]*$/u.test(name) || name === '') return name
  const clean = name.replaceAll(/[^\p{ID_Continue}$]/gu, '_')
  return /^[\p{ID_Start}_$]/u.test(clean) ? clean : `_${clean}`
}

/** The inside of a string literal. */
export function cString(text: string): string {
  return text.replaceAll(/[\\"]|\p{Control}/gu, '_')
}

function namedForC(type: BtfType): BtfType {
  switch (type.kind) {
    case 'int':
    case 'float':
      // Of several words.
      return /^[A-Za-z_][\w ]*$/u.test(type.name) ? type : renamed(type, cIdentifier)
    case 'struct': {
      const members = all(type.members, identified)
      return renamed(members === type.members ? type : { ...type, members }, cIdentifier)
    }
    case 'union': {
      const members = all(type.members, identified)
      return renamed(members === type.members ? type : { ...type, members }, cIdentifier)
    }
    case 'enum': {
      const values = all(type.values, identified)
      return renamed(values === type.values ? type : { ...type, values }, cIdentifier)
    }
    case 'enum64': {
      const values = all(type.values, identified)
      return renamed(values === type.values ? type : { ...type, values }, cIdentifier)
    }
    case 'func_proto': {
      const params = all(type.params, identified)
      return params === type.params ? type : { ...type, params }
    }
    case 'fwd':
    case 'typedef':
    case 'func':
      return renamed(type, cIdentifier)
    case 'type_tag':
      return renamed(type, type.attribute ? cAttribute : cString)
    default:
      return type
  }
}

/** `address_space(1)` */
function cAttribute(name: string): string {
  return /^\w+(?:\([\w ,]*\))?$/u.test(name) ? name : cIdentifier(name)
}

function identified<T extends { readonly name: string }>(item: T): T {
  return renamed(item, cIdentifier)
}

function renamed<T extends { readonly name: string }>(
  item: T,
  rename: (name: string) => string,
): T {
  const name = rename(item.name)
  return name === item.name ? item : { ...item, name }
}

/** The list itself where nothing changes, which is nearly always: then nothing is made. */
function all<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  const changes = items.some((item) => change(item) !== item)
  return changes ? items.map((item) => change(item)) : items
}

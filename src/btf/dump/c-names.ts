/**
 * Names that C takes. Compilers of other languages write `Option<T>`, and a damaged or hostile BTF anything: what
 * cannot stand in a name becomes `_`.
 */
export function cIdentifier(name: string): string {
  if (/^[A-Za-z_$][\w$]*$/u.test(name) || name === '') return name
  const clean = name.replaceAll(/[^\p{ID_Continue}$]/gu, '_')
  return /^[\p{ID_Start}_$]/u.test(clean) ? clean : `_${clean}`
}

/** A base type may have several words. */
export function cBaseType(name: string): string {
  return /^[A-Za-z_][\w ]*$/u.test(name) ? name : cIdentifier(name)
}

/** `address_space(1)` */
export function cAttribute(name: string): string {
  return /^\w+(?:\([\w ,]*\))?$/u.test(name) ? name : cIdentifier(name)
}

/** The inside of a string literal. */
export function cString(text: string): string {
  return text.replaceAll(/[\\"]|\p{Control}/gu, '_')
}

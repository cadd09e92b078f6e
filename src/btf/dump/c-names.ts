/**
 * Returns a name that C accepts: characters that cannot stand in one become `_`. Compilers of other languages write
 * `Option<T>`, and a damaged or hostile BTF may hold anything.
 */
export function cIdentifier(name: string): string {
  if (/^[A-Za-z_$][\w$]*$/u.test(name) || name === '') return name
  const clean = name.replaceAll(/[^\p{ID_Continue}$]/gu, '_')
  return /^[\p{ID_Start}_$]/u.test(clean) ? clean : `_${clean}`
}

/** Returns the name of a base type, which may have several words. */
export function cBaseType(name: string): string {
  return /^[A-Za-z_][\w ]*$/u.test(name) ? name : cIdentifier(name)
}

/** Returns the text of an attribute: `address_space(1)`. */
export function cAttribute(name: string): string {
  return /^\w+(?:\([\w ,]*\))?$/u.test(name) ? name : cIdentifier(name)
}

/** Returns the text as it stands between the quotes of a string literal. */
export function cString(text: string): string {
  return text.replaceAll(/[\\"]|\p{Control}/gu, '_')
}

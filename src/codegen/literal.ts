/** Returns a JavaScript string literal; no character of the text can end it, or its line. */
export function quote(text: string): string {
  return `'${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll("'", String.raw`\'`)}'`
}

export function literal(value: number | bigint | string): string {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`
    case 'number':
      return String(value)
    default:
      return quote(value)
  }
}

/** Returns a property's name, quoted where it must be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(name) ? name : quote(name)
}

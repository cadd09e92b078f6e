/** A JavaScript string literal: nothing in it can end it, or the line. */
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

/** A property's name, quoted where it must be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(name) ? name : quote(name)
}

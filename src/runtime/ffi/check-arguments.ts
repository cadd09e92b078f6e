import type { Argument } from './library.ts'

/**
 * Checks arguments against the C parameters. koffi takes a number or undefined for a `char *`, and C then reads whatever
 * is at that address: the process would end by a signal. Values from users get here unchecked.
 * @throws {TypeError}
 */
export function checkArguments(
  name: string,
  types: readonly string[],
  values: readonly Argument[],
): void {
  for (let i = 0; i < types.length; i++) {
    const [type = '', value] = [types[i], values[i]]
    if (type === 'str' || (type === 'str?' && value !== null)) checkString(value)
    else if (isNumber(type) && !numberTypes.has(typeof value)) {
      throw new TypeError(`argument ${i + 1} of ${name}() must be a number, not ${typeOf(value)}`)
    }
  }
}

const numberTypes = new Set(['number', 'bigint', 'boolean'])

function isNumber(type: string): boolean {
  return type !== 'str?' && type !== 'memory'
}

function checkString(value: unknown): void {
  if (typeof value !== 'string') {
    throw new TypeError(`a name or path must be a string, not ${typeOf(value)}`)
  }
  // C would see only what comes before the NUL.
  if (value.includes('\0')) {
    throw new TypeError(`a name or path cannot contain a NUL: ${JSON.stringify(value)}`)
  }
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

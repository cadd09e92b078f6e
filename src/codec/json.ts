/** Writes bigint, which JSON refuses, as decimal strings: `JSON.stringify(value, jsonReplacer)`. */
export function jsonReplacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** For `JSON.stringify(value, jsonReplacer)`: bigint as decimal strings, which JSON itself refuses. */
export function jsonReplacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

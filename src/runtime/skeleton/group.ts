/**
 * An object of own, enumerable, unchangeable properties in the given order and no prototype: C names like
 * `__proto__`, `constructor` and `then` are names like others, and assigning to a wrong one is a TypeError.
 */
export function group<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  const made: Record<string, T> = Object.create(null) as Record<string, T>
  for (const [name, value] of entries)
    Object.defineProperty(made, name, { enumerable: true, value })
  return Object.seal(made)
}

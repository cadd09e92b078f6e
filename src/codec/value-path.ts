/** The path of a member inside a value, linked from the inside out: made for errors, cheap until one is thrown. */
export interface ValuePath {
  readonly parent: ValuePath | undefined
  /** A member's name or an array's index; an empty name is the value itself. */
  key: string | number
}

/** Formats a path as JavaScript writes it: `at[1].x`. */
export function formatPath(path: ValuePath | undefined): string {
  if (!path) return ''
  const { parent, key } = path
  const before = formatPath(parent)
  if (typeof key === 'number') return `${before}[${key}]`
  return before && key ? `${before}.${key}` : before + key
}

/** Describes a value in a few words, for a sentence. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? 'an array' : 'an object'
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    default:
      return String(value)
  }
}

const sentence = (path: ValuePath | undefined, problem: string): string =>
  `${formatPath(path) || 'value'}: ${problem}`

export function typeError(path: ValuePath | undefined, problem: string): TypeError {
  return new TypeError(sentence(path, problem))
}

export function rangeError(path: ValuePath | undefined, problem: string): RangeError {
  return new RangeError(sentence(path, problem))
}

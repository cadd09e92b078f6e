/** Where in a value something is wrong, as a list from the inside out: made for errors, cheap until one is thrown. */
export interface Path {
  readonly parent: Path | undefined
  /** A member's name, or an array's index. An empty name is the value itself. */
  key: string | number
}

/** `at[1].x`, as a user would write it. */
export function formatPath(path: Path | undefined): string {
  if (!path) return ''
  const { parent, key } = path
  const before = formatPath(parent)
  if (typeof key === 'number') return `${before}[${key}]`
  return before && key ? `${before}.${key}` : before + key
}

/** What was given, short enough for a sentence. */
export function describe(value: unknown): string {
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

const sentence = (path: Path | undefined, problem: string): string =>
  `${formatPath(path) || 'value'}: ${problem}`

export function typeError(path: Path | undefined, problem: string): TypeError {
  return new TypeError(sentence(path, problem))
}

export function rangeError(path: Path | undefined, problem: string): RangeError {
  return new RangeError(sentence(path, problem))
}

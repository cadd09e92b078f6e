/** Words that name no binding of a module (ECMA-262, 12.7.2, strict code), and globals TypeScript guards. */
const RESERVED_BINDINGS: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval
  export extends false finally for function globalThis if implements import in instanceof interface
  let new null package private protected public return static super switch this throw true try
  typeof undefined var void while with yield`.split(/\s+/u),
)

/** Names that TypeScript keeps for itself, beside those (TS2427, TS2457). */
const RESERVED_TYPES: ReadonlySet<string> = new Set(
  'any bigint boolean intrinsic never number object string symbol unknown'.split(' '),
)

/** The C names of a module that became JavaScript names: each is given once. */
export interface Scope {
  /** The name itself, `class_` of `class`, `event___2` of a second `event`. */
  add(cName: string): string
}

export function valueScope(taken: Iterable<string> = []): Scope {
  return scope((name) => RESERVED_BINDINGS.has(name), taken)
}

export function typeScope(taken: Iterable<string> = []): Scope {
  return scope((name) => RESERVED_BINDINGS.has(name) || RESERVED_TYPES.has(name), taken)
}

/** Of properties, which may have any name. */
export function propertyScope(): Scope {
  return scope(
    () => false,
    [],
    (name) => name,
  )
}

function scope(
  refuses: (name: string) => boolean,
  taken: Iterable<string>,
  clean: (name: string) => string = identifier,
): Scope {
  const names = new Set(taken)
  const counts = new Map<string, number>()
  return {
    add(cName) {
      const cleaned = clean(cName)
      const name = refuses(cleaned) ? `${cleaned}_` : cleaned
      let count = counts.get(name) ?? 1
      let given = name
      while (names.has(given)) given = `${name}___${++count}`
      counts.set(name, count)
      names.add(given)
      return given
    },
  }
}

/** What C takes for a name is one for JavaScript; other languages' BTF has more. */
function identifier(cName: string): string {
  const name = cName.replaceAll(/[^A-Za-z0-9_$]/gu, '_')
  return /^\d|^$/u.test(name) ? `_${name}` : name
}

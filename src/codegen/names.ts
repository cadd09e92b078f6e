/** Words that cannot name a binding of a module (ECMA-262, 12.7.2, strict code), and globals that TypeScript reserves. */
const RESERVED_BINDINGS: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval
  export extends false finally for function globalThis if implements import in instanceof interface
  let new null package private protected public return static super switch this throw true try
  typeof undefined var void while with yield`.split(/\s+/u),
)

/** Further names that TypeScript reserves for types (TS2427, TS2457). */
const RESERVED_TYPES: ReadonlySet<string> = new Set(
  'any bigint boolean intrinsic never number object string symbol unknown'.split(' '),
)

/** A scope of JavaScript names made from C names, each of which is unique. */
export interface Scope {
  /** Returns a name for `cName`: the name itself, `class_` for `class`, `event___2` for a second `event`. */
  add(cName: string): string
}

export function valueScope(taken: Iterable<string> = []): Scope {
  return scope((name) => RESERVED_BINDINGS.has(name), taken)
}

export function typeScope(taken: Iterable<string> = []): Scope {
  return scope((name) => RESERVED_BINDINGS.has(name) || RESERVED_TYPES.has(name), taken)
}

/** Makes a scope of properties, which may have any name. */
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

/** Returns a JavaScript identifier: a C name is one already, but BTF of other languages has others. */
function identifier(cName: string): string {
  const name = cName.replaceAll(/[^A-Za-z0-9_$]/gu, '_')
  return /^\d|^$/u.test(name) ? `_${name}` : name
}

import { readFileSync } from 'node:fs'

import { enumerators, findDeclarator, findOnLine, parseCSource, type CSource } from './c-source.ts'
import { documentation, type Role } from './comments.ts'
import type { SourceLocation } from './source-location.ts'

/** Where something is declared, and the text of its comment. */
export interface Declaration {
  readonly place: SourceLocation
  /** The C comment without its marks. Lines end in `\n`. It never contains `*` followed by `/`. */
  readonly doc?: string
}

/** The C source, which has what DWARF leaves out: columns, comments and the locations of enum constants. */
export interface SourceFiles {
  /** Gives `place` its column, and the comment, if the source has the name on that line. */
  declaration(place: SourceLocation, name: string, role: Role): Declaration
  /** Of the constants, by name, of the enum declared at a place; `tag` empty when it has none. */
  constants(place: SourceLocation, tag: string): Map<string, Declaration>
}

/** Returns a reader of source files. A file that cannot be read adds nothing: an object's source may lie elsewhere. */
export function sourceFiles(readFile: (file: string) => string | undefined): SourceFiles {
  const parsed = new Map<string, CSource | undefined>()
  const sourceOf = (file: string): CSource | undefined => {
    if (!parsed.has(file)) {
      const text = readFile(file)
      parsed.set(file, text === undefined ? undefined : parseCSource(text))
    }
    return parsed.get(file)
  }
  return {
    declaration(place, name, role) {
      const source = sourceOf(place.file)
      if (!source) return { place }
      const index =
        role === 'type'
          ? findOnLine(source, place.line, name || 'enum')
          : findDeclarator(source, place.line, name)
      return index === undefined ? { place } : declarationAt(source, place.file, index, role)
    },
    constants(place, tag) {
      const found = new Map<string, Declaration>()
      const source = sourceOf(place.file)
      if (!source) return found
      const start = findOnLine(source, place.line, tag || 'enum')
      if (start === undefined) return found
      for (const [name, index] of enumerators(source, start)) {
        found.set(name, declarationAt(source, place.file, index, 'constant'))
      }
      return found
    },
  }
}

function declarationAt(source: CSource, file: string, index: number, role: Role): Declaration {
  const { line = 1, column = 1 } = source.tokens[index] ?? {}
  const doc = documentation(source, index, role)
  const place = { file, line, column }
  return doc === undefined ? { place } : { place, doc }
}

/** The most characters of a source file that is read. Only generated ones are larger. */
const MAX_SIZE = 8 << 20

export function readSource(file: string): string | undefined {
  try {
    const bytes = readFileSync(file)
    return bytes.length > MAX_SIZE ? undefined : bytes.toString()
  } catch {
    return undefined
  }
}

import { basename, dirname, relative, sep } from 'node:path'

import { addSegment, GenMapping, toEncodedMap } from '@jridgewell/gen-mapping'

import type { SourceLocation } from '../dwarf/source-location.ts'

/** Text in which some names have a location in C. */
export type Text = string | MappedName | readonly Text[]

export interface MappedName {
  readonly name: string
  /** Undefined maps the name to the first line of the source. */
  readonly place: SourceLocation | undefined
}

export interface DeclarationLocation {
  /** The file of the declarations, to which the paths in their map are relative. */
  readonly file: string
  /** The `.bpf.c`. */
  readonly source: string
}

/** Returns the text with an inline declaration map, which sends an editor's "go to definition" to C. */
export function withDeclarationMap(text: Text, { file, source }: DeclarationLocation): string {
  // TypeScript ignores a map without a `file`.
  const map = new GenMapping({ file: basename(file) })
  const folder = dirname(file)
  // A name without a mapping would lead to the location of the one before it.
  const home: SourceLocation = { file: source, line: 1 }
  let written = ''
  let line = 0
  let lineStart = 0
  for (const part of flatten(text)) {
    if (typeof part !== 'string') {
      const { file, line: sourceLine, column = 1 } = part.place ?? home
      const path = relative(folder, file).replaceAll(sep, '/')
      addSegment(map, line, written.length - lineStart, path, sourceLine - 1, column - 1)
      written += part.name
      continue
    }
    for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) {
      line++
      lineStart = written.length + at + 1
    }
    written += part
  }
  const json = Buffer.from(JSON.stringify(toEncodedMap(map))).toString('base64')
  // TypeScript 5.9 reads an inline map only when it names its charset.
  return `${written}//# sourceMappingURL=data:application/json;charset=utf-8;base64,${json}\n`
}

export function plainText(text: Text): string {
  return [...flatten(text)].map((part) => (typeof part === 'string' ? part : part.name)).join('')
}

function* flatten(text: Text): Generator<string | MappedName> {
  if (typeof text === 'string' || 'name' in text) yield text
  else for (const part of text) yield* flatten(part)
}

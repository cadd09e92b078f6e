import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface LeadingInclude {
  /** The header that an include path has, absolute. */
  readonly path: string | undefined
  /** Macros defined, and tested by include guards, before it. */
  readonly macros: readonly string[]
  /** The headers that the source itself includes right after it, as in `#include <bpf/bpf_helpers.h>`. */
  readonly following: readonly string[]
}

/** Deeper than any sane chain of headers that each begin with the next. */
const maxDepth = 16

/**
 * The header `wanted` (`vmlinux.h`), if it is the first thing a source includes: nothing but comments,
 * `#define`s and include guards come before, in the source and in headers that begin with it in turn.
 * Only then may it be parsed ahead of the source. Undefined when in doubt.
 */
export function leadingInclude(
  file: string,
  include: readonly string[],
  wanted: string,
): LeadingInclude | undefined {
  const macros: string[] = []
  let current = file
  for (let depth = 0; depth < maxDepth; depth++) {
    const first = firstInclude(current, macros)
    if (first === undefined) return undefined
    const { name, quoted, rest } = first
    const found = [...(quoted ? [dirname(current)] : []), ...include]
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path))
    if (name === wanted)
      return { path: found, macros, following: depth === 0 ? angleBracketIncludes(rest) : [] }
    if (found === undefined) return undefined
    current = found
  }
  return undefined
}

interface FirstInclude {
  readonly name: string
  readonly quoted: boolean
  /** The lines after it. */
  readonly rest: readonly string[]
}

/** Adds to `macros` what comes before the include. */
function firstInclude(file: string, macros: string[]): FirstInclude | undefined {
  const lines = directives(readFileSync(file, 'utf8'))
  for (const [index, line] of lines.entries()) {
    const include = /^#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/.exec(line)
    if (include) {
      const [, quoted, other] = include
      return {
        name: quoted ?? other ?? '',
        quoted: quoted !== undefined,
        rest: lines.slice(index + 1),
      }
    }
    if (/^#\s*pragma\s+once\b/.test(line)) continue
    const macro = /^#\s*(?:define|undef|ifndef)\s+(\w+)/.exec(line)?.[1]
    if (macro === undefined) return undefined
    macros.push(macro)
  }
  return undefined
}

/** The names between brackets of the includes that the lines begin with. */
function angleBracketIncludes(lines: readonly string[]): string[] {
  const names = lines.map((line) => /^#\s*include\s*<([^>]+)>$/.exec(line)?.[1])
  const end = names.indexOf(undefined)
  return names.slice(0, end < 0 ? names.length : end).filter((name) => name !== undefined)
}

/** Lines without comments, continued ones joined. */
function directives(source: string): string[] {
  return source
    .replaceAll(/\\\r?\n/g, ' ')
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\*.*?\*\/|\/\/[^\n]*/gs, (match) =>
      match.startsWith('"') ? match : ' ',
    )
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

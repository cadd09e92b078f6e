import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface LeadingInclude {
  /** The absolute path of the header; undefined if no include path has it. */
  readonly path: string | undefined
  /** The macros that are defined or tested by include guards before it. */
  readonly macros: readonly string[]
  /** The headers that the source includes right after it in angle brackets: `bpf/bpf_helpers.h`. */
  readonly following: readonly string[]
}

/** The longest chain of headers, each beginning with an include of the next, that is followed. */
const maxDepth = 16

/**
 * Finds the include of `header` (`vmlinux.h`) if it is the first include of a source: only comments, `#define`s and include
 * guards come before it, in the source and in the headers that the source begins with. Only then can the header be
 * precompiled. Undefined when in doubt.
 */
export function leadingInclude(
  file: string,
  include: readonly string[],
  header: string,
): LeadingInclude | undefined {
  const macros: string[] = []
  let current = file
  for (let depth = 0; depth < maxDepth; depth++) {
    const first = firstInclude(current, macros)
    if (first === undefined) return undefined
    const { name, quoted, rest } = first
    const path = [...(quoted ? [dirname(current)] : []), ...include]
      .map((folder) => join(folder, name))
      .find((candidate) => existsSync(candidate))
    if (name === header)
      return { path, macros, following: depth === 0 ? angleBracketIncludes(rest) : [] }
    if (path === undefined) return undefined
    current = path
  }
  return undefined
}

interface FirstInclude {
  readonly name: string
  readonly quoted: boolean
  /** The lines after it. */
  readonly rest: readonly string[]
}

/** Finds the first include of a file. Adds the macros before it to `macros`. */
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

/** Returns the headers in angle brackets of the includes that the lines begin with. */
function angleBracketIncludes(lines: readonly string[]): string[] {
  const names = lines.map((line) => /^#\s*include\s*<([^>]+)>$/.exec(line)?.[1])
  const end = names.indexOf(undefined)
  return names.slice(0, end < 0 ? names.length : end).filter((name) => name !== undefined)
}

/** Returns the lines without comments and blank lines; continued lines are joined. */
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

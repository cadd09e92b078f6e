import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Diagnostic } from '../compile/clang/diagnostics.ts'
import type { Declared } from './model.ts'

/** What we say of a source in the form of clang's diagnostics, at the declaration that it is about. */
export function diagnosticOf(
  severity: Diagnostic['severity'],
  { message, subject }: { readonly message: string; readonly subject: string | undefined },
  declared: ReadonlyMap<string, Declared>,
  source: string,
): Diagnostic {
  const place = (subject === undefined ? undefined : declared.get(subject))?.place
  return {
    severity,
    message,
    file: place?.file ?? source,
    ...(place && { line: place.line, ...sourceLine(place.file, place.line) }),
    ...(place?.column && { column: place.column }),
    notes: [],
    fixits: [],
    includedFrom: [],
  }
}

/** A line of C, as BTF.ext names it: a relative file lies beside the source. */
export interface CodeLine {
  readonly file: string
  readonly line: number
  readonly column?: number | undefined
  readonly text: string
}

/** The same about one line of code; without it, about the source. */
export function diagnosticAt(
  severity: Diagnostic['severity'],
  message: string,
  at: CodeLine | undefined,
  source: string,
): Diagnostic {
  return {
    severity,
    message,
    file: at ? resolve(dirname(source), at.file) : source,
    ...(at && { line: at.line, sourceLine: at.text }),
    ...(at?.column && { column: at.column }),
    notes: [],
    fixits: [],
    includedFrom: [],
  }
}

/** The file was just compiled; if it is gone meanwhile, the warning does without its line. */
function sourceLine(file: string, line: number): { sourceLine?: string } {
  try {
    const text = readFileSync(file, 'utf8').split('\n')[line - 1]
    return text === undefined ? {} : { sourceLine: text }
  } catch {
    return {}
  }
}

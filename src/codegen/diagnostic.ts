import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Diagnostic } from '../compile/clang/diagnostics.ts'
import type { Declared } from './model.ts'

/** Returns a message about a source as a diagnostic like clang's, at the declaration of `subject`. */
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

/** A line of C from BTF.ext. A relative file is relative to the source's folder. */
export interface CodeLine {
  readonly file: string
  readonly line: number
  readonly column?: number | undefined
  readonly text: string
}

/** Returns a diagnostic at a line of C; without one, at the source. */
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

/** Returns the source line, or nothing where the file has gone since the compile. */
function sourceLine(file: string, line: number): { sourceLine?: string } {
  try {
    const text = readFileSync(file, 'utf8').split('\n')[line - 1]
    return text === undefined ? {} : { sourceLine: text }
  } catch {
    return {}
  }
}

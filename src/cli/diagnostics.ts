import { type Diagnostic, paintDiagnostic } from '../compile/clang/diagnostics.ts'
import { paintFor } from './colour.ts'
import { Failure } from './failure.ts'
import { note } from './output.ts'

/** Prints warnings, and fails with the errors when there are any. */
export function report(diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'warning') noteDiagnostic(diagnostic)
  }
  if (errors.length > 0) throw new Failure(errors.map(painted).join('\n'))
}

export function noteDiagnostic(diagnostic: Diagnostic): void {
  note(painted(diagnostic))
}

const painted = (diagnostic: Diagnostic): string =>
  paintDiagnostic(diagnostic, paintFor(process.stderr))

import { type Diagnostic, formatDiagnostic } from '../compile/diagnostics.ts'
import { Failure } from './failure.ts'
import { note } from './output.ts'

/** Prints warnings, and fails with the errors when there are any. */
export function report(diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'warning') note(formatDiagnostic(diagnostic))
  }
  if (errors.length > 0)
    throw new Failure(errors.map((error) => formatDiagnostic(error)).join('\n'))
}

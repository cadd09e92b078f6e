import type { Diagnostic } from '../compile/clang/diagnostics.ts'
import type { VerifierError } from '../runtime/verifier/error.ts'
import { readVerifierLog, verdict } from '../runtime/verifier/verifier-log.ts'
import { diagnosticAt } from './diagnostic.ts'

/** Returns the verifier's refusal as an error at its line of C. */
export function verifierDiagnostic(
  { log, program, reason, source: line }: VerifierError,
  source: string,
): Diagnostic {
  const message = `the verifier rejects program ${program}: ${verdict(readVerifierLog(log))}`
  const diagnostic = diagnosticAt('error', message, line, source)
  return { ...diagnostic, notes: reason === undefined ? [] : [{ message: reason }] }
}

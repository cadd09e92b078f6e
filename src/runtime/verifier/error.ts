import type { BpfErrorDetails } from '../host/error.ts'
import { BpfError } from '../host/error.ts'

/** The line of C that an instruction was compiled from. */
export interface SourceLine {
  readonly file: string
  readonly line: number
  /** From 1; absent where the log alone names the line. */
  readonly column?: number | undefined
  readonly text: string
}

/** The kernel's verifier refused a program. */
export class VerifierError extends BpfError {
  override readonly name = 'VerifierError'
  /** The program's name. */
  readonly program: string
  /** All that the verifier wrote. */
  declare readonly log: string
  /** The C that the refused instruction was compiled from. */
  readonly source: SourceLine | undefined
  /** In plain words, when it is one of the classic refusals. */
  readonly reason: string | undefined

  constructor(
    details: BpfErrorDetails & {
      program: string
      log: string
      words: string
      source: SourceLine | undefined
    },
  ) {
    super({
      ...details,
      reason: `${details.words}${shown(details.source)}`,
      hint: details.reason && capital(details.reason),
    })
    this.program = details.program
    this.source = details.source
    this.reason = details.reason
  }
}

function shown(source: SourceLine | undefined): string {
  if (!source) return ''
  const { file, line, column, text } = source
  return ` at ${file}:${line}${column === undefined ? '' : `:${column}`}, in \`${text.trim()}\``
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

import type { BpfErrorDetails } from '../host/error.ts'
import { BpfError } from '../host/error.ts'

/** The line of C that an instruction was compiled from. */
export interface SourceLine {
  readonly file: string
  readonly line: number
  /** From 1; absent where only the log names the line. */
  readonly column?: number | undefined
  readonly text: string
}

/** The error when the kernel's verifier refuses a program. */
export class VerifierError extends BpfError {
  override readonly name = 'VerifierError'
  /** The program's name. */
  readonly program: string
  /** The verifier's whole log. */
  declare readonly log: string
  /** The line of C that the refused instruction was compiled from. */
  readonly source: SourceLine | undefined
  /** The refusal in plain words, where it is a known one. */
  readonly reason: string | undefined

  constructor(
    details: BpfErrorDetails & {
      program: string
      log: string
      message: string
      source: SourceLine | undefined
    },
  ) {
    super({
      ...details,
      reason: `${details.message}${sourceText(details.source)}`,
      hint: details.reason && capitalize(details.reason),
    })
    this.program = details.program
    this.source = details.source
    this.reason = details.reason
  }
}

function sourceText(source: SourceLine | undefined): string {
  if (!source) return ''
  const { file, line, column, text } = source
  return ` at ${file}:${line}${column === undefined ? '' : `:${column}`}, in \`${text.trim()}\``
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

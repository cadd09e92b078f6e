/** Where something is declared in C. */
export interface SourceLocation {
  /** Absolute path. */
  readonly file: string
  /** The line, from 1. */
  readonly line: number
  /** The column, from 1, in UTF-16 code units; absent when the source could not be read. */
  readonly column?: number
}

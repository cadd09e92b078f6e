/** Where something is declared in C. */
export interface SourceLocation {
  /** Absolute path. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units; absent when the source could not be read. */
  readonly column?: number
}

/** The format whose rules the bytes break. */
export type Format = 'ELF' | 'BTF' | 'BTF.ext' | 'DWARF'

/**
 * Bytes that are not what their format says. `offset` is in bytes from the start of what was being
 * read: the file for ELF, the section's data for the others.
 */
export class FormatError extends Error {
  readonly format: Format
  readonly offset: number
  readonly reason: string

  constructor(format: Format, offset: number, reason: string) {
    super(`${format}, byte ${offset}: ${reason}`)
    this.name = 'FormatError'
    this.format = format
    this.offset = offset
    this.reason = reason
  }
}

/** The format whose rules the bytes break. */
export type Format = 'ELF' | 'BTF' | 'BTF.ext' | 'DWARF'

/**
 * Thrown for bytes that break the rules of their format. `offset` is in bytes from the start of the file for ELF, of the
 * section's data for the other formats.
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

import { readSourceInfo, type SourceInfo, type SourceInfoOptions } from '../dwarf/source-info.ts'
import type { Elf } from '../elf/elf.ts'
import { FormatError } from '../elf/format-error.ts'

export interface DebugInfo {
  /** Undefined where the debug information cannot be read. */
  readonly info: SourceInfo | undefined
  /** Says what is missing then, and why. */
  readonly warnings: readonly { readonly message: string; readonly subject: undefined }[]
}

/** Reads an object's DWARF. Damaged DWARF costs the comments, macros and source types of a skeleton, never the object. */
export function readDebugInfo(elf: Elf, options: SourceInfoOptions): DebugInfo {
  try {
    return { info: readSourceInfo(elf, options), warnings: [] }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const message = `the debug information cannot be read (${error.message}): the skeleton has only the types that BTF describes, no macros, no comments and no links into the source`
    return { info: undefined, warnings: [{ message, subject: undefined }] }
  }
}

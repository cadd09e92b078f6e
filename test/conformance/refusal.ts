import { FormatError } from '../../src/elf/format-error.ts'
import { ObjectError } from '../../src/object/object-error.ts'

/** Whether an object is refused by its fault, rather than by ours. */
export function isRefusal(error: unknown): error is ObjectError | FormatError {
  return error instanceof ObjectError || error instanceof FormatError
}

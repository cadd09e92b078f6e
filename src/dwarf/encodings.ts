import { DW_ATE_signed, DW_ATE_signed_char } from './constants.ts'
import type { AttributeValue } from './die.ts'

/** Returns whether a base type's DW_AT_encoding is signed. */
export function isSignedEncoding(encoding: AttributeValue | undefined): boolean {
  return encoding === DW_ATE_signed || encoding === DW_ATE_signed_char
}

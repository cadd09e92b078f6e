import type { BtfType, TypeId } from '../btf/types.ts'
import type { Die } from './die.ts'

/** What the translation of one entry may ask for: the ids of the types that it refers to. */
export interface References {
  /** Of the type that an entry's DW_AT_type names; 0, void, when it has none. */
  target(from: Die): TypeId
  /** The same where only its address is held. */
  pointee(from: Die): TypeId
  /** Takes in a type that has no entry of its own; the same object only once. */
  add(type: BtfType): TypeId
}

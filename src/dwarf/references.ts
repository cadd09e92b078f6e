import type { BtfType, TypeId } from '../btf/types.ts'
import type { Die } from './die.ts'

/** The ids of the types that an entry under translation refers to. */
export interface References {
  /** Returns the id of the type that an entry's DW_AT_type names; 0, void, when it has none. */
  target(from: Die): TypeId
  /** Returns that id for a pointer, behind which a declaration is enough. */
  pointee(from: Die): TypeId
  /** Adds a type that has no entry in DWARF and returns its id. The same object is added once. */
  add(type: BtfType): TypeId
}

import type { ArrayType, Int, TypeId } from '../btf/types.ts'
import * as dw from './constants.ts'
import { children, numberOf, type Die } from './die.ts'
import type { References } from './references.ts'

/** The index type of every array, with clang's name. */
const INDEX: Int = {
  kind: 'int',
  name: '__ARRAY_SIZE_TYPE__',
  size: 4,
  signed: false,
  char: false,
  bool: false,
  bitOffset: 0,
  bits: 32,
}

/** Translates an array. An entry has all dimensions, outermost first; BTF has an array for each dimension. */
export function translateArray(die: Die, references: References): ArrayType {
  const lengths: number[] = []
  for (const child of children(die)) {
    if (child.tag === dw.DW_TAG_subrange_type) lengths.push(lengthOf(child))
  }
  const [outermost = 0, ...inner] = lengths
  let element = references.target(die)
  for (const length of inner.toReversed()) {
    element = references.add(arrayOf(element, length, references))
  }
  return arrayOf(element, outermost, references)
}

export function arrayOf(element: TypeId, length: number, references: References): ArrayType {
  return { kind: 'array', name: '', element, index: references.add(INDEX), length }
}

/** Returns the number of elements; 0 for a flexible array. */
function lengthOf(subrange: Die): number {
  const count = numberOf(subrange, dw.DW_AT_count)
  if (count !== undefined) return count
  const last = numberOf(subrange, dw.DW_AT_upper_bound)
  return last === undefined ? 0 : last + 1
}

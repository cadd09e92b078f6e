import type { BtfType } from './types.ts'

/** `long` and its other spellings, by their sorted words. */
const LONGS = new Set(['long', 'int long', 'long unsigned', 'int long unsigned'])

/** BTF does not say how large pointers are: as large as the first `long` (btf.c: determine_ptr_size). */
export function guessPointerSize(types: readonly BtfType[]): 4 | 8 | undefined {
  for (const type of types) {
    if (type.kind !== 'int' || (type.size !== 4 && type.size !== 8)) continue
    if (LONGS.has(type.name.split(' ').toSorted().join(' '))) return type.size
  }
  return undefined
}

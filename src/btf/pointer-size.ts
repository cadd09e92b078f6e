import type { TypeTable } from './type-table.ts'

/** The spellings of `long`, their words sorted. */
const LONGS = new Set(['long', 'int long', 'long unsigned', 'int long unsigned'])

/** Guesses the bytes of a pointer, which BTF does not tell, from the first `long` (btf.c: determine_ptr_size). */
export function guessPointerSize(table: TypeTable): 4 | 8 | undefined {
  for (let id = 1; id < table.length; id++) {
    if (table.kind(id) !== 'int') continue
    const size = table.size(id)
    if (size !== 4 && size !== 8) continue
    if (LONGS.has(table.name(id).split(' ').toSorted().join(' '))) return size
  }
  return undefined
}

import { readHeader } from '../btf/header.ts'
import { readElf } from '../elf/elf.ts'
import { btfWords, FWD, type TypeRecord, type Word } from './btf-words.ts'

/**
 * Puts the forward declarations at the end of an object's BTF in the order of their names, in place.
 *
 * clang appends one for each struct or union that is only pointed to, in the order in which its own
 * descriptions of them happen to lie in memory (BTFDebug.h: FixupDerivedTypes, a map keyed by
 * pointer), which moves with the length of a path. All else is the same wherever one compiles.
 */
export function orderForwards(object: Uint8Array): void {
  const { littleEndian, sections } = readElf(object)
  const btf = sections.find(({ name }) => name === '.BTF')?.data
  const ext = sections.find(({ name }) => name === '.BTF.ext')?.data
  if (!btf) return
  const header = readHeader(btf)
  const types = btf.subarray(header.types.start, header.types.end)
  const table = btf.subarray(header.strings.start, header.strings.end)
  const { records, strings, typeIds } = btfWords(types, ext, littleEndian)

  // Type ids start at 1.
  const firstId = records.findLastIndex(({ kind }) => kind !== FWD) + 2
  const forwards = records.slice(firstId - 1)
  const order = inOrder(forwards, firstId, typeIds, table)
  if (order.every((forward, index) => forward === forwards[index])) return
  moveTypes(forwards, order, firstId, types, typeIds)
  moveNames(forwards, table, strings)
}

/** By name, then struct before union, then by what refers to them first: that much never moves. */
function inOrder(
  forwards: readonly TypeRecord[],
  firstId: number,
  typeIds: readonly Word[],
  table: Uint8Array,
): TypeRecord[] {
  const firstUse = new Map<number, number>()
  for (const [use, typeId] of typeIds.entries()) {
    const id = typeId.get()
    if (id >= firstId && !firstUse.has(id)) firstUse.set(id, use)
  }
  return forwards
    .map((forward, index) => ({
      forward,
      name: Buffer.from(stringAt(table, forward.name.get())),
      info: forward.info.get(),
      use: firstUse.get(firstId + index) ?? 0,
    }))
    .toSorted((a, b) => a.name.compare(b.name) || a.info - b.info || a.use - b.use)
    .map(({ forward }) => forward)
}

function moveTypes(
  forwards: readonly TypeRecord[],
  order: readonly TypeRecord[],
  firstId: number,
  types: Uint8Array,
  typeIds: readonly Word[],
): void {
  const newIndex = new Map(order.map((forward, index) => [forward, index]))
  for (const typeId of typeIds) {
    const forward = forwards[typeId.get() - firstId]
    if (forward) typeId.set(firstId + (newIndex.get(forward) ?? 0))
  }
  const moved = order.map(({ start, size }) => types.slice(start, start + size))
  for (const [index, { start }] of forwards.entries()) types.set(moved[index] ?? [], start)
}

/**
 * Names that nothing else has were appended with their types, and so end the string table: they go
 * into the new order of the types.
 */
function moveNames(
  forwards: readonly TypeRecord[],
  table: Uint8Array,
  strings: readonly Word[],
): void {
  const names = new Set(forwards.map(({ name }) => name.get()))
  const appended = new Map<number, Uint8Array>()
  let start = table.length
  for (;;) {
    const previous = table.lastIndexOf(0, start - 2) + 1
    if (previous >= start || !names.has(previous)) break
    appended.set(previous, table.slice(previous, start))
    start = previous
  }
  const moved = new Map<number, number>()
  for (const name of names) {
    const bytes = appended.get(name)
    if (!bytes) continue
    moved.set(name, start)
    table.set(bytes, start)
    start += bytes.length
  }
  for (const string of strings) string.set(moved.get(string.get()) ?? string.get())
}

const stringAt = (table: Uint8Array, offset: number): Uint8Array =>
  table.subarray(offset, table.indexOf(0, offset))

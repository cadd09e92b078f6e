import { readHeader } from '../../btf/header.ts'
import { readElf } from '../../elf/elf.ts'
import type { Kind } from '../../uapi/btf.ts'
import { readBtfReferences, type TypeRecord, type BtfWord } from './references.ts'

/**
 * Sorts the types that end an object's BTF, in place: forward declarations by name, then type tags.
 *
 * clang appends a forward declaration for each struct or union that is only pointed to, and the tags of pointers to
 * structs, in the order in which its own descriptions lie in memory (BTFDebug.h: FixupDerivedTypes, a map keyed by
 * pointer). That order changes with the length of a path. The rest of BTF is the same wherever one compiles.
 */
export function canonicaliseBtf(object: Uint8Array): void {
  const { littleEndian, sections } = readElf(object)
  const btf = sections.find(({ name }) => name === '.BTF')?.data
  const ext = sections.find(({ name }) => name === '.BTF.ext')?.data
  if (!btf) return
  const header = readHeader(btf)
  const types = btf.subarray(header.types.start, header.types.end)
  const table = btf.subarray(header.strings.start, header.strings.end)
  const { records, nameOffsets: strings, typeIds } = readBtfReferences(types, ext, littleEndian)

  // Type ids start at 1.
  const firstId = records.findLastIndex(({ kind }) => !isAppended(kind)) + 2
  const appended = records.slice(firstId - 1)
  const order = sortedTypes(appended, firstId, typeIds, table)
  if (order.every((record, index) => record === appended[index])) return
  moveTypes(appended, order, firstId, types, typeIds)
  moveNames(appended, table, strings)
}

const isAppended = (kind: Kind): boolean => kind === 'fwd' || kind === 'type_tag'

/**
 * Sorts forward declarations by name, structs before unions; then type tags by name, then by the type that they tag. Equal
 * ones follow the order in which the rest of BTF, which does not move, refers to them.
 */
function sortedTypes(
  appended: readonly TypeRecord[],
  firstId: number,
  typeIds: readonly BtfWord[],
  table: Uint8Array,
): TypeRecord[] {
  const keyOf = (id: number): string => {
    const record = appended[id - firstId]
    if (!record) return `2${padded(id)}`
    const name = Buffer.from(stringAt(table, record.name.get())).toString('latin1')
    return record.type
      ? `1${name}\0${keyOf(record.type.get())}`
      : `0${name}\0${padded(record.info.get())}`
  }
  let uses: readonly number[] | undefined
  const useOf = (index: number): number =>
    (uses ??= firstUses(appended, firstId, typeIds))[index] ?? 0
  return appended
    .map((record, index) => ({ record, key: keyOf(firstId + index), index }))
    .toSorted((a, b) => {
      if (a.key !== b.key) return a.key < b.key ? -1 : 1
      // Two types of one name, which is rare.
      return useOf(a.index) - useOf(b.index)
    })
    .map(({ record }) => record)
}

/** Returns for each type the index of the first reference to it, direct or through tags, from a type that stays. */
function firstUses(
  appended: readonly TypeRecord[],
  firstId: number,
  typeIds: readonly BtfWord[],
): number[] {
  const uses = appended.map(() => Infinity)
  const moving = new Set(appended.map(({ type }) => type))
  for (const [use, word] of typeIds.entries()) {
    if (moving.has(word)) continue
    for (let type: BtfWord | undefined = word; type;) {
      const index: number = type.get() - firstId
      if (index < 0) break
      uses[index] = Math.min(uses[index] ?? use, use)
      type = appended[index]?.type
    }
  }
  return uses
}

function moveTypes(
  appended: readonly TypeRecord[],
  order: readonly TypeRecord[],
  firstId: number,
  types: Uint8Array,
  typeIds: readonly BtfWord[],
): void {
  const newIndex = new Map(order.map((forward, index) => [forward, index]))
  for (const typeId of typeIds) {
    const forward = appended[typeId.get() - firstId]
    if (forward) typeId.set(firstId + (newIndex.get(forward) ?? 0))
  }
  const moved = order.map(({ start, size }) => types.slice(start, start + size))
  for (const [index, { start }] of appended.entries()) types.set(moved[index] ?? [], start)
}

/**
 * Sorts the names at the end of the string table in the order of their types. clang appended them with those types, as
 * nothing else has these names.
 */
function moveNames(
  appended: readonly TypeRecord[],
  table: Uint8Array,
  strings: readonly BtfWord[],
): void {
  const names = new Set(appended.map(({ name }) => name.get()))
  const ending = new Map<number, Uint8Array>()
  let start = table.length
  for (;;) {
    const previous = table.lastIndexOf(0, start - 2) + 1
    if (previous >= start || !names.has(previous)) break
    ending.set(previous, table.slice(previous, start))
    start = previous
  }
  const moved = new Map<number, number>()
  for (const name of names) {
    const bytes = ending.get(name)
    if (!bytes) continue
    moved.set(name, start)
    table.set(bytes, start)
    start += bytes.length
  }
  for (const string of strings) string.set(moved.get(string.get()) ?? string.get())
}

const stringAt = (table: Uint8Array, offset: number): Uint8Array =>
  table.subarray(offset, table.indexOf(0, offset))

const padded = (number: number): string => String(number).padStart(10, '0')

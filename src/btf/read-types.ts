import { FormatError } from '../elf/format-error.ts'
import { kindNumber, KINDS, LINKAGES, RECORD_WORDS, vlen } from '../uapi/btf.ts'
import type { BtfHeader } from './header.ts'
import type { BtfStrings } from './strings.ts'
import { TypeTable } from './type-table.ts'

/** The table's first type: void, which is never written. */
const VOID = new TypeTable(
  {
    words: new Uint32Array(3),
    starts: new Uint32Array(1),
    referenced: new Uint8Array(1),
    tags: [],
  },
  () => '',
)

/** The words of a kind's records, and the indexes of those that refer to types. */
interface Checks {
  readonly length: number
  readonly types: readonly number[]
  /** `type` is -1 when an item refers to no type. */
  readonly item: { readonly length: number; readonly isNamed: boolean; readonly type: number }
}

const CHECKS: readonly Checks[] = RECORD_WORDS.map(({ fields, item }) => ({
  length: fields.length,
  types: [...fields].flatMap((word, at) => (word === 't' ? [at] : [])),
  item: { length: item.length, isNamed: item.startsWith('n'), type: item.indexOf('t') },
}))

/** The most characters of all names, each counted as often as it is used. A kernel has 10 million. */
const MAX_NAMES = 64 << 20

/**
 * Reads the type section, whose types come after those of the base. One walk finds where each starts, and checks that
 * it is complete and that every name, type and linkage in it exists. Throws FormatError.
 */
export function readTypes(
  bytes: Uint8Array,
  header: BtfHeader,
  strings: BtfStrings,
  base: TypeTable = VOID,
): TypeTable {
  const added = wordsOf(bytes, header)
  const words = new Uint32Array(base.words.length + added.length)
  words.set(base.words)
  words.set(added, base.words.length)
  // There are fewer types than words.
  const starts = new Uint32Array(base.length + added.length)
  starts.set(base.starts)
  const referenced = new Uint8Array(base.length + added.length)
  referenced.set(base.referenced)
  const tags = [...base.tags]
  let highestId = 0
  let highestIdAt = 0
  let namesLength = 0

  const fail = (reason: string, index: number): never => {
    const offset = header.types.start + (index - base.words.length) * 4
    throw new FormatError('BTF', offset, reason)
  }
  const checkName = (at: number): void => {
    const name = words[at] ?? 0
    // This throws, because there is no such string.
    if (name >= strings.size) strings.at(name)
    if (!strings.hasLong) return
    namesLength += strings.at(name).length
    if (namesLength > MAX_NAMES) fail(`names have more than ${MAX_NAMES} characters in all`, at)
  }
  const checkType = (at: number): void => {
    const id = words[at] ?? 0
    referenced[id] = 1
    if (id <= highestId) return
    highestId = id
    highestIdAt = at
  }
  const checkLinkage = (linkage: number, at: number): void => {
    if (!(linkage in LINKAGES)) fail(`unknown linkage ${linkage}`, at)
  }
  let length = base.length
  for (let at = base.words.length; at < words.length; length++) {
    starts[length] = at
    checkName(at)
    const info = words[at + 1] ?? fail('the last type is cut off', words.length)
    const number = kindNumber(info)
    const count = vlen(info)
    const shape = CHECKS[number]
    if (!shape || number === 0) return fail(`unknown kind ${number}`, at)
    at += 2
    if (at + shape.length > words.length) fail('the last type is cut off', words.length)
    for (const type of shape.types) checkType(at + type)
    switch (KINDS[number]) {
      case 'func':
        checkLinkage(count, at - 1)
        break
      case 'var':
        checkLinkage(words[at + 1] ?? 0, at + 1)
        break
      case 'decl_tag':
        tags.push(length)
    }
    at += shape.length
    const { item } = shape
    const end = at + count * item.length
    if (end > words.length) {
      fail(`${end - at} more words are needed, ${words.length - at} are left`, at)
    }
    for (; at < end; at += item.length) {
      if (item.isNamed) checkName(at)
      if (item.type !== -1) checkType(at + item.type)
    }
  }
  if (highestId >= length) {
    fail(`type ${highestId} is referred to, the last one is ${length - 1}`, highestIdAt)
  }
  return new TypeTable(
    {
      words,
      starts: starts.subarray(0, length),
      referenced: referenced.subarray(0, length),
      tags,
    },
    strings.at,
  )
}

/** Copies the words: a Uint32Array needs aligned bytes, and the other byte order needs them swapped. */
function wordsOf(
  bytes: Uint8Array,
  { types: { start, end }, littleEndian }: BtfHeader,
): Uint32Array {
  if ((end - start) % 4 !== 0) throw new FormatError('BTF', end, 'the last type is cut off')
  const copy = Buffer.alloc(end - start)
  copy.set(bytes.subarray(start, end))
  const hostLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
  if (littleEndian !== hostLittleEndian) copy.swap32()
  return new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4)
}

import { FormatError } from '../elf/format-error.ts'
import type { BtfHeader } from './header.ts'
import type { BtfStrings } from './strings.ts'
import type { BtfType, Linkage, Member, TypeId } from './types.ts'

/** BTF_KIND_, by number (include/uapi/linux/btf.h). 0 is never written. */
const KINDS = [
  'void',
  'int',
  'pointer',
  'array',
  'struct',
  'union',
  'enum',
  'fwd',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'func',
  'func_proto',
  'var',
  'datasec',
  'float',
  'decl_tag',
  'type_tag',
  'enum64',
] as const

const LINKAGES: readonly Linkage[] = ['static', 'global', 'extern']

/** Bits of the word behind a BTF_KIND_INT (BTF_INT_ENCODING). */
const INT_SIGNED = 1 << 24
const INT_CHAR = 1 << 25
const INT_BOOL = 1 << 26

/** Decodes the type section behind the types of the base. */
export function readTypes(
  bytes: Uint8Array,
  header: BtfHeader,
  strings: BtfStrings,
  base: readonly BtfType[],
): BtfType[] {
  const words = new Words(bytes, header)
  const text = strings.at
  const types = base.slice()
  while (!words.done) types.push(readType(words, text))
  if (words.highestId >= types.length) {
    words.fail(
      `type ${words.highestId} is referred to, the last one is ${types.length - 1}`,
      words.highestIdAt,
    )
  }
  return types
}

function readType(words: Words, text: (offset: number) => string): BtfType {
  const start = words.index
  const name = text(words.next())
  const info = words.next()
  const number = (info >>> 24) & 0x7f
  const kind = KINDS[number]
  const flag = info >>> 31 !== 0
  // 24 bits since kernel 7.1, 16 before: the bits between were zero.
  const count = info & 0xffffff
  switch (kind) {
    case 'int':
      return readInt(name, words.next(), words.next())
    case 'float':
      return { kind, name, size: words.next() }
    case 'pointer':
    case 'volatile':
    case 'const':
    case 'restrict':
      return { kind, name: '', target: words.id() }
    case 'typedef':
      return { kind, name, target: words.id() }
    case 'type_tag':
      return flag
        ? { kind, name, target: words.id(), attribute: true }
        : { kind, name, target: words.id() }
    case 'decl_tag': {
      const tag = { kind, name, target: words.id(), component: words.next() | 0 }
      return flag ? { ...tag, attribute: true } : tag
    }
    case 'fwd':
      words.next()
      return { kind, name, forwards: flag ? 'union' : 'struct' }
    case 'array': {
      words.next()
      return { kind, name: '', element: words.id(), index: words.id(), length: words.next() }
    }
    case 'struct':
    case 'union': {
      const size = words.next()
      return { kind, name, size, members: readMembers(words, text, count, flag) }
    }
    case 'enum': {
      const size = words.next()
      const values = words.list(count, 2, () => ({
        name: text(words.next()),
        value: flag ? words.next() | 0 : words.next(),
      }))
      return { kind, name, size, signed: flag, values }
    }
    case 'enum64': {
      const size = words.next()
      const values = words.list(count, 3, () => ({
        name: text(words.next()),
        value: wide(words.next(), words.next(), flag),
      }))
      return { kind, name, size, signed: flag, values }
    }
    case 'func':
      return { kind, name, target: words.id(), linkage: words.linkage(count) }
    case 'var':
      return { kind, name, target: words.id(), linkage: words.linkage(words.next()) }
    case 'func_proto': {
      const returns = words.id()
      const params = words.list(count, 2, () => ({
        name: text(words.next()),
        type: words.id(),
      }))
      return { kind, name: '', returns, params }
    }
    case 'datasec': {
      const size = words.next()
      const variables = words.list(count, 3, () => ({
        type: words.id(),
        offset: words.next(),
        size: words.next(),
      }))
      return { kind, name, size, variables }
    }
    default:
      return words.fail(`unknown kind ${number}`, start)
  }
}

function readInt(name: string, size: number, encoding: number): BtfType {
  return {
    kind: 'int',
    name,
    size,
    signed: (encoding & INT_SIGNED) !== 0,
    char: (encoding & INT_CHAR) !== 0,
    bool: (encoding & INT_BOOL) !== 0,
    bitOffset: (encoding >>> 16) & 0xff,
    bits: encoding & 0xff,
  }
}

function readMembers(
  words: Words,
  text: (offset: number) => string,
  count: number,
  bitfields: boolean,
): Member[] {
  words.need(count * 3)
  const members: Member[] = []
  for (let i = 0; i < count; i++) {
    const name = text(words.next())
    const type = words.id()
    const offset = words.next()
    const bitOffset = bitfields ? offset & 0xffffff : offset
    members.push({ name, type, bitOffset, bitSize: bitfields ? offset >>> 24 : 0 })
  }
  return members
}

function wide(low: number, high: number, signed: boolean): bigint {
  const value = (BigInt(high) << 32n) | BigInt(low)
  return signed ? BigInt.asIntN(64, value) : value
}

/** The type section as what it is: 32-bit words. */
class Words {
  /** Of the next word. */
  index = 0
  /** The highest type id read, and the index of its word. */
  highestId: TypeId = 0
  highestIdAt = 0
  readonly #words: Uint32Array
  readonly #start: number

  constructor(bytes: Uint8Array, { types: { start, end }, littleEndian }: BtfHeader) {
    this.#start = start
    if ((end - start) % 4 !== 0) throw new FormatError('BTF', end, 'the last type is cut short')
    // Copied, for a Uint32Array wants aligned bytes and the other byte order wants swapped ones.
    const copy = Buffer.alloc(end - start)
    copy.set(bytes.subarray(start, end))
    const hostLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
    if (littleEndian !== hostLittleEndian) copy.swap32()
    this.#words = new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4)
  }

  get done(): boolean {
    return this.index >= this.#words.length
  }

  fail(reason: string, index: number): never {
    throw new FormatError('BTF', this.#start + index * 4, reason)
  }

  /** Refuses what the section cannot hold, before anything of that length is made. */
  need(count: number): void {
    const left = this.#words.length - this.index
    if (count > left) this.fail(`${count} more words are needed, ${left} are left`, this.index)
  }

  /** `count` items of `size` words. */
  list<T>(count: number, size: number, read: () => T): T[] {
    this.need(count * size)
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  next(): number {
    const word = this.#words[this.index]
    if (word === undefined) return this.fail('the last type is cut short', this.index)
    this.index++
    return word
  }

  id(): TypeId {
    const id = this.next()
    if (id > this.highestId) {
      this.highestId = id
      this.highestIdAt = this.index - 1
    }
    return id
  }

  linkage(number: number): Linkage {
    return LINKAGES[number] ?? this.fail(`unknown linkage ${number}`, this.index - 1)
  }
}

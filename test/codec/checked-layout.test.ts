import { describe, expect, it } from 'vitest'

import { checkedLayout } from '../../src/codec/checked-layout.ts'
import {
  bits,
  bytes,
  chars,
  codec,
  enumeration,
  type Layout,
  safe,
  struct,
  u32,
  u64,
  union,
} from '../../src/codec/index.ts'

const inner = struct('inner', 8, [
  ['low', 0, u32, bits(0, 3)],
  ['text', 4, chars(4)],
])
const layout = struct('outer', 32, [
  ['inner', 0, inner],
  ['count', 8, safe(u64)],
  [
    '',
    16,
    union('', 8, [
      ['word', 0, u64],
      ['raw', 0, bytes(8)],
    ]),
  ],
  ['kind', 24, enumeration('kind', 4, false, [['A', 0]])],
])
const value = { inner: { low: 5, text: 'abc' }, count: 7, word: 9n, kind: 0 }

function functionsIn(of: unknown): string[] {
  if (typeof of === 'function') return [of.name || 'a function']
  return typeof of === 'object' && of !== null ? Object.values(of).flatMap(functionsIn) : []
}

const one = (offset: unknown, of: unknown = u32, field?: unknown): Layout =>
  struct('s', 8, [['a', offset as number, of as Layout, field as never]])

function read(): never {
  throw new Error('called')
}

describe('a layout', () => {
  it('is data alone, also read in other forms', () => {
    const all = codec<object>(layout).with({ 'inner.text': 'text' } as never)
    expect(functionsIn(all.layout)).toEqual([])
    const posted = structuredClone(all.layout)
    const wrote = codec(posted).encode(value as never)
    expect(codec(posted).decode(wrote)).toEqual({ ...value, raw: wrote.slice(16, 24) })
  })

  it('is read once and kept, whatever its owner does to it later', () => {
    let reads = 0
    const members = [{ name: 'a', offset: 0, layout: u32 }]
    const given = {
      kind: 'struct' as const,
      name: 's',
      members,
      get size() {
        return reads++ === 0 ? 4 : 4000
      },
    }
    const made = codec<{ a: number }>(given)
    members[0] = { name: 'a', offset: 2 ** 40, layout: u32 }
    expect([made.size, codec(given).size, made.decode(Uint8Array.of(1, 0, 0, 0))]).toEqual([
      4,
      4,
      { a: 1 },
    ])
    expect(reads).toBe(1)
    expect(() => Object.assign(made.layout, { size: 8 })).toThrow(TypeError)
    expect(() => Object.assign(u32, { size: 8 })).toThrow(TypeError)
  })

  it('takes nothing from a prototype', () => {
    const members = struct('p', 12, [
      ['n', 0, u64],
      ['c', 8, chars(4)],
    ])
    const plain = codec<object>(members)
    const prototype = Object.prototype as unknown as Record<string, unknown>
    prototype['safe'] = prototype['as'] = prototype['bits'] = prototype['stride'] = 'text'
    try {
      expect(plain.decode(new Uint8Array(12))).toEqual({ n: 0n, c: '' })
    } finally {
      for (const name of ['safe', 'as', 'bits', 'stride']) delete prototype[name]
    }
  })

  it('calls no function that it carries', () => {
    const chars = { kind: 'chars', length: 4, as: { name: 'text', read } } as never
    expect(() => codec(chars)).toThrow(/form cannot be an object/)
    const int = { ...u64, safe: { of: read, read } } as never
    safe(u64)
    expect(codec(int).decode(new Uint8Array(8))).toBe(0)
    const field = { offset: 0, size: 3, read, write: read, source: read }
    const bitfield = codec<{ a: number }>(struct('b', 4, [['a', 0, u32, field]]))
    expect(bitfield.decode(Uint8Array.of(6, 0, 0, 0))).toEqual({ a: 6 })
  })

  const cycle = { kind: 'array', length: 1 } as { element?: unknown }
  cycle.element = cycle

  it.each<[why: string, layout: unknown]>([
    ['a: a layout.s offset cannot be -5000000', one(-5_000_000)],
    ['a: the member ends at byte 9, past the 8 bytes', one(5)],
    ['a: the member ends at byte 1048580, past the 8 bytes', one(1 << 20)],
    ['a: a layout.s offset cannot be 0.5', one(0.5)],
    ['a: a layout.s offset cannot be NaN', one(Number.NaN)],
    ['a: a layout.s offset cannot be "0"', one('0')],
    ['a: a layout.s offset cannot be an object', one({ valueOf: () => 0 })],
    ['a: the member ends at byte 9, past the 8 bytes', one(4, u32, { offset: 33, size: 3 })],
    ['a: a layout.s bits cannot be 33', one(0, u32, { offset: 0, size: 33 })],
    ['a: a layout.s bits cannot be -1', one(0, u32, { offset: -1, size: 1 })],
    ['a: a layout.s bits cannot be -1', one(0, u32, { offset: 0, size: 0 })],
    ['a: a layout.s bits cannot be 1', one(0, bytes(4), { offset: 0, size: 1 })],
    ['a: the member ends at byte 9, past the 8 bytes', one(0, bytes(9))],
    ['a: a layout.s layout cannot be undefined', struct('s', 8, [['a', 0, undefined as never]])],
    ['size cannot be 3', { kind: 'int', size: 3, signed: false }],
    ['size cannot be "8,evil"', { kind: 'int', size: '8,evil', signed: false }],
    ['length cannot be -1', bytes(-1)],
    ['length cannot be 1e\\+300', chars(1e300)],
    ['size cannot be 18014398509481984', { kind: 'array', element: u64, length: 2 ** 51 }],
    ['stride cannot be 2', { kind: 'array', element: u32, length: 4, stride: 2 }],
    ['kind cannot be "code"', { kind: 'code' }],
    ['kind cannot be undefined', {}],
    ['layout cannot be null', null],
    ['depth cannot be 257', cycle],
    ['members cannot be undefined', { kind: 'struct', name: '', size: 4 }],
  ])('is refused: %s', (why, given) => {
    expect(() => checkedLayout(given as Layout)).toThrow(new RegExp(why))
    expect(() => codec(given as Layout)).toThrow(new RegExp(why))
  })
})

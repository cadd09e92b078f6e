import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Cursor } from '../../src/elf/cursor.ts'
import { FormatError } from '../../src/elf/format-error.ts'

const bytes = Uint8Array.of(0x01, 0x82, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88, 0x09)

describe.each([
  { littleEndian: true, u16: 0x8201, s32: -2_080_144_895, u64: 0x8807060584038201n },
  { littleEndian: false, u16: 0x0182, s32: 0x01820384, u64: 0x0182038405060788n },
])('with littleEndian: $littleEndian', ({ littleEndian, u16, s32, u64 }) => {
  const cursor = () => new Cursor(bytes, 'ELF', littleEndian)
  it('reads integers', () => {
    expect(cursor().u16()).toBe(u16)
    expect(cursor().s32()).toBe(s32)
    expect(cursor().u32()).toBe(s32 >>> 0)
    expect(cursor().u64()).toBe(u64)
    expect(cursor().s64()).toBe(BigInt.asIntN(64, u64))
    expect(cursor().word()).toBe(Number(u64))
  })
})

it('goes on behind what it read, and says where it is', () => {
  const cursor = new Cursor(bytes, 'BTF', true, 1, 6)
  expect([cursor.u8(), cursor.u16(), cursor.offset, cursor.remaining]).toEqual([0x82, 0x8403, 4, 2])
  cursor.align(4)
  expect(cursor.offset).toBe(4)
  expect([...cursor.take(2)]).toEqual([5, 6])
  expect(cursor.done).toBe(true)
})

it('stops at its end, with the offset in the error', () => {
  const cursor = new Cursor(bytes, 'DWARF', true, 0, 3)
  cursor.u16()
  expect(() => cursor.u16()).toThrow(new FormatError('DWARF', 2, 'needs 2 more bytes, there are 1'))
  expect(() => cursor.seek(4)).toThrow(FormatError)
  expect(() => cursor.take(-1)).toThrow(FormatError)
  expect(() => cursor.string()).toThrow(/no end/)
  expect(() => new Cursor(bytes, 'ELF', true, 0, 10)).toThrow(FormatError)
  expect(() => new Cursor(bytes, 'ELF', true, NaN)).toThrow(FormatError)
})

it('reads UTF-8 up to NUL', () => {
  const cursor = new Cursor(new TextEncoder().encode('ä\0b\0'), 'ELF', true)
  expect([cursor.string(), cursor.string()]).toEqual(['ä', 'b'])
})

function leb128(value: bigint, signed: boolean): Uint8Array {
  const out: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn)
    const last = signed ? rest >> 6n === 0n || rest >> 6n === -1n : rest >> 7n === 0n
    out.push(last ? low : low | 0x80)
    if (last) return Uint8Array.from(out)
  }
}

describe('LEB128', () => {
  it('reads every unsigned 64-bit number', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        expect(new Cursor(leb128(value, false), 'DWARF', true).uleb128n()).toBe(value)
      }),
    )
  })
  it('reads every signed 64-bit number', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(new Cursor(leb128(value, true), 'DWARF', true).sleb128n()).toBe(value)
      }),
    )
  })
  it('refuses longer ones', () => {
    const endless = new Uint8Array(11).fill(0x80)
    expect(() => new Cursor(endless, 'DWARF', true).uleb128n()).toThrow(/64 bits/)
  })
})

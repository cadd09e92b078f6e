import { describe, expect, test } from 'vitest'

import {
  array,
  bits,
  bytes,
  chars,
  snapshot,
  struct,
  u16,
  u32,
  u64,
  u8,
} from '../../src/codec/index.ts'
import { liveView } from '../../src/codec/live-view.ts'
import { deadMemory, liveMemory, readOnlyMemory, remoteMemory } from '../../src/codec/memory.ts'

const layout = struct('', 32, [
  ['number', 0, u32],
  ['big', 8, u64],
  ['text', 16, chars(4)],
  ['raw', 20, bytes(4)],
  ['list', 24, array(u16, 2)],
  ['bit', 28, u8, bits(1, 3)],
])
interface Values {
  number: number
  big: bigint
  text: string
  raw: Uint8Array
  list: number[]
  bit: number
}
const full = {
  number: 1,
  big: 2n,
  text: 'abc',
  raw: Uint8Array.of(1, 2, 3, 4),
  list: [5, 6],
  bit: 7,
}

const aimedAt = (memory: DataView) => {
  const live = liveView<Values>(layout, liveMemory(new DataView(new ArrayBuffer(32))))
  Object.assign(live.view, full)
  const { list, raw } = live.view
  live.point(memory, 0)
  return { view: live.view, list, raw }
}

describe('read-only memory', () => {
  const memory = new DataView(Uint8Array.from({ length: 32 }, (_, i) => i).buffer)
  const { view, list, raw } = aimedAt(readOnlyMemory(memory, () => new Error('frozen')))

  test.each<[string, () => void]>([
    [
      'a number',
      () => {
        view.number = 1
      },
    ],
    [
      'a bigint',
      () => {
        view.big = 1n
      },
    ],
    [
      'a text',
      () => {
        view.text = ''
      },
    ],
    [
      'bytes',
      () => {
        view.raw = full.raw as never
      },
    ],
    [
      'an element',
      () => {
        list[0] = 1
      },
    ],
    [
      'a byte',
      () => {
        raw[0] = 1
      },
    ],
    [
      'a bitfield',
      () => {
        view.bit = 1
      },
    ],
    ['set', () => list.set([1])],
    ['fill', () => raw.fill(0)],
  ])('refuses %s', (_, write) => {
    expect(write).toThrow('frozen')
    expect(memory.getUint8(0)).toBe(0)
  })

  test('is read', () => {
    expect(view.number).toBe(0x03020100)
    expect(snapshot(view).raw).toEqual(Uint8Array.of(20, 21, 22, 23))
  })

  test('still says first what is wrong with a value', () => {
    expect(() => {
      view.number = -1
    }).toThrow(RangeError)
  })
})

describe('dead memory', () => {
  const { view, list, raw } = aimedAt(deadMemory(() => new Error('destroyed')))

  test.each<[string, () => unknown]>([
    ['a number', () => view.number],
    ['a bigint', () => view.big],
    ['a text', () => view.text],
    ['an element', () => list[0]],
    ['a byte', () => raw[0]],
    ['bytes', () => raw.toArray()],
    ['a bitfield', () => view.bit],
    ['a copy', () => snapshot(view)],
    ['a copy of bytes', () => snapshot(raw)],
    ['its JSON', () => JSON.stringify(view)],
    [
      'writing',
      () => {
        view.number = 1
      },
    ],
    [
      'writing an array',
      () => {
        view.list = [1, 2] as never
      },
    ],
  ])('refuses %s', (_, use) => expect(use).toThrow('destroyed'))
})

describe('live memory', () => {
  test('is that memory, at any alignment', () => {
    const bytes = new Uint8Array(40)
    const plain = new DataView(bytes.buffer, 8, 32)
    const live = liveMemory(plain)
    for (const [type, size] of [
      ['Int16', 2],
      ['Uint16', 2],
      ['Int32', 4],
      ['Uint32', 4],
    ] as const) {
      for (let o = 0; o <= 16; o++) {
        live[`set${type}`](o, 0x12345678 + o, true)
        expect(live[`get${type}`](o, true)).toBe(plain[`get${type}`](o, true))
        expect(live[`get${type}`](o)).toBe(plain[`get${type}`](o))
        expect(plain[`get${type}`](o, true) & 0xffff).toBe(
          (0x5678 + o) & (2 ** (size * 8) - 1) & 0xffff,
        )
      }
    }
    for (const type of ['BigInt64', 'BigUint64'] as const) {
      for (let o = 0; o <= 16; o++) {
        live[`set${type}`](o, 0x123456789abcdefn, true)
        expect([live[`get${type}`](o, true), plain[`get${type}`](o, true)]).toEqual([
          0x123456789abcdefn,
          0x123456789abcdefn,
        ])
      }
    }
    expect(() => live.getUint32(32, true)).toThrow(RangeError)
  })
})

test('memory that is reached by calls has two ends', () => {
  const reached: number[] = []
  const memory = remoteMemory(
    8,
    (offset) => {
      reached.push(offset)
      return new DataView(new ArrayBuffer(8))
    },
    (offset) => reached.push(offset),
  )
  for (const outside of [-1, -5_000_000, 8, Number.NaN]) {
    expect(() => memory.getUint8(outside)).toThrow(RangeError)
    expect(() => memory.setUint8(outside, 1)).toThrow(RangeError)
  }
  expect(reached).toEqual([])
})

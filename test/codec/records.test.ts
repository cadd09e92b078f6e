import { describe, expect, test } from 'vitest'

import {
  array,
  bits,
  bytes,
  chars,
  type Layout,
  struct,
  u16,
  u32,
  union,
} from '../../src/codec/index.ts'
import { liveView } from '../../src/codec/live-view.ts'
import { memoryCodec } from '../../src/codec/memory-codec.ts'
import { read } from '../../src/codec/read.ts'
import { snapshot } from '../../src/codec/view-location.ts'

const point = struct('', 4, [
  ['x', 0, u16],
  ['y', 2, u16],
])
const exec = (args: Layout, size: number): Layout =>
  struct('exec', 4 + size, [
    ['pid', 0, u32],
    ['args', 4, args],
  ])

const record = (...data: number[]): DataView =>
  new DataView(Uint8Array.of(1, 0, 0, 0, ...data).buffer)

describe('a record that ends early gives its last array what came', () => {
  test.each<[string, Layout, number[], unknown]>([
    ['a shorter string', exec(chars(8), 8), [0x61, 0x62], 'ab'],
    ['no string', exec(chars(8), 8), [], ''],
    ['fewer bytes', exec(bytes(8), 8), [1, 2], Uint8Array.of(1, 2)],
    ['fewer elements', exec(array(u16, 4), 8), [1, 0, 2, 0, 3], [1, 2]],
    ['fewer structs', exec(array(point, 2), 8), [1, 0, 2, 0], [{ x: 1, y: 2 }]],
    [
      'what is in a struct at the end',
      exec(
        struct('', 8, [
          ['n', 0, u16],
          ['list', 2, array(u16, 3)],
        ]),
        8,
      ),
      [9, 0, 5, 0],
      { n: 9, list: [5] },
    ],
    ['all of a flexible array', exec(array(u16, 0), 0), [1, 0, 2, 0], [1, 2]],
    ['nothing past the layout', exec(chars(2), 2), [0x61, 0x62, 0x63], 'ab'],
  ])('%s', (_, layout, data, args) => {
    const memory = record(...data)
    const expected = { pid: 1, args }
    const { decode, minimumSize } = memoryCodec(layout)
    expect(minimumSize).toBeLessThanOrEqual(memory.byteLength)
    expect(decode(memory, 0, memory.byteLength)).toEqual(expected)
    expect(read(layout, memory, 0, memory.byteLength)).toEqual(expected)

    const live = liveView<typeof expected>(layout, record(...new Uint8Array(16)))
    live.point(memory, 0, memory.byteLength)
    expect(snapshot(live.view)).toEqual(expected)
  })

  test.each<[string, Layout, number]>([
    [
      'none without an array at the end',
      struct('', 8, [
        ['a', 0, u32],
        ['b', 4, u32],
      ]),
      8,
    ],
    ['what lies before it', exec(chars(8), 8), 4],
    [
      'what lies before one in a struct',
      exec(
        struct('', 8, [
          ['n', 0, u16],
          ['list', 2, array(u16, 3)],
        ]),
        8,
      ),
      6,
    ],
    [
      'not the padding behind',
      struct('', 8, [
        ['a', 0, u32],
        ['b', 4, u16],
      ]),
      6,
    ],
    [
      'the most that a member of a union needs',
      union('', 8, [
        ['a', 0, u32],
        ['b', 0, chars(8)],
      ]),
      4,
    ],
    ['nothing of an array alone', chars(16), 0],
    [
      'the bytes of a bitfield at the end',
      struct('', 8, [
        ['a', 0, u32],
        ['b', 4, u32, bits(3, 7)],
      ]),
      6,
    ],
  ])('and needs at least: %s', (_, layout, size) => {
    expect(memoryCodec(layout).minimumSize).toBe(size)
  })
})

test('two layouts of one shape do not share a decoder', () => {
  const [a, b] = [exec(chars(2), 2), exec(bytes(2), 2)]
  const memory = record(1, 2)
  expect([memoryCodec(a).decode(memory, 0), memoryCodec(b).decode(memory, 0)]).toEqual([
    { pid: 1, args: '\u0001\u0002' },
    { pid: 1, args: Uint8Array.of(1, 2) },
  ])
  expect(memoryCodec(a)).toBe(memoryCodec(a))
})

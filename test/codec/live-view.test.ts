import { inspect } from 'node:util'
import { MessageChannel } from 'node:worker_threads'

import { describe, expect, test } from 'vitest'

import {
  array,
  bits,
  bool,
  bytes,
  chars,
  jsonReplacer,
  snapshot,
  struct,
  u16,
  u32,
  u64,
  u8,
  union,
  type View,
} from '../../src/codec/index.ts'
import { liveView } from '../../src/codec/live-view.ts'

interface Key {
  pid: number
  cpu: number
}
interface Section {
  count: bigint
  last: Key
  slots: number[]
  keys: Key[]
  name: string
  raw: Uint8Array
  flags: number
  on: boolean
  grid: number[][]
}
const key = struct('trace_key', 8, [
  ['pid', 0, u32],
  ['cpu', 4, u32],
])
const section = struct('', 72, [
  ['count', 0, u64],
  ['last', 8, key],
  ['slots', 16, array(u32, 4)],
  ['keys', 32, array(key, 2)],
  ['name', 48, chars(8)],
  ['raw', 56, bytes(4)],
  ['flags', 60, u32, bits(4, 6)],
  ['on', 64, bool],
  ['grid', 66, array(array(u8, 3), 2)],
])

function open(): { view: View<Section>; bytes: Uint8Array } {
  const bytes = new Uint8Array(72)
  const { view } = liveView<Section>(section, new DataView(bytes.buffer))
  return { view: view as View<Section>, bytes }
}
const at = (bytes: Uint8Array, from: number, length: number): number[] => [
  ...bytes.subarray(from, from + length),
]

describe('a view', () => {
  test('reads what is in memory now', () => {
    const { view, bytes } = open()
    bytes[0] = 5
    bytes[8] = 6
    bytes[17] = 1
    bytes[48] = 0x61
    bytes[60] = 0xf0
    expect([view.count, view.last.pid, view.slots[0], view.name, view.flags]).toEqual([
      5n,
      6,
      256,
      'a',
      15,
    ])
    bytes[0] = 7
    expect(view.count).toBe(7n)
  })

  test('writes in place, and what is assigned is copied', () => {
    const { view, bytes } = open()
    view.count = 5 as never
    view.count++
    const assigned = { pid: 1, cpu: 2 }
    view.last = assigned as never
    assigned.pid = 9
    view.last.cpu = 3
    view.slots = [1, 2, 3, 4] as never
    view.slots[1] = 9
    view.name = 'sh'
    view.raw = [1, 2, 3, 4] as never
    view.raw[3] = 7
    view.flags = 63
    view.on = true
    expect(at(bytes, 0, 32)).toEqual([
      6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0,
      0,
    ])
    expect(at(bytes, 48, 17)).toEqual([0x73, 0x68, 0, 0, 0, 0, 0, 0, 1, 2, 3, 7, 0xf0, 3, 0, 0, 1])
  })

  test('takes other views', () => {
    const { view } = open()
    view.keys[1] = { pid: 4, cpu: 5 }
    const element = view.keys[1]
    view.last = element as never
    view.keys = [view.last, view.last] as never
    expect(snapshot(view).keys).toEqual([
      { pid: 4, cpu: 5 },
      { pid: 4, cpu: 5 },
    ])
  })

  test.each<[string, (view: View<Section>) => void, RegExp]>([
    [
      'a number',
      (view) => {
        view.last.pid = -1
      },
      /^last\.pid: expected an integer/,
    ],
    [
      'an object',
      (view) => {
        view.last = { pid: 1 } as never
      },
      /^last\.cpu: missing/,
    ],
    [
      'an element',
      (view) => {
        view.keys[1] = { pid: 1, cpu: -1 }
      },
      /^keys\[1\]\.cpu: /,
    ],
    [
      'a field of an element',
      (view) => {
        Object.assign(view.keys[0] ?? {}, { pid: -1 })
      },
      /^keys\[0\]\.pid: /,
    ],
    [
      'an array',
      (view) => {
        view.slots = [1, 2, 3, -4] as never
      },
      /^slots\[3\]: /,
    ],
    [
      'a text',
      (view) => {
        view.name = '123456789'
      },
      /^name: 9 bytes/,
    ],
    [
      'a bitfield',
      (view) => {
        view.flags = 64
      },
      /^flags: .*0 to 63/,
    ],
  ])('refuses %s that is wrong, and writes nothing', (_, write, message) => {
    const { view, bytes } = open()
    bytes.fill(1)
    expect(() => write(view)).toThrow(message)
    expect(bytes).toEqual(new Uint8Array(72).fill(1))
  })

  test('leaves alone what lies between its members, which may be a lock', () => {
    const layout = struct('', 16, [
      [
        'value',
        0,
        struct('', 16, [
          ['a', 0, u8],
          ['b', 2, u16],
          ['c', 12, u32],
        ]),
      ],
    ])
    const bytes = new Uint8Array(16).fill(0xee)
    const { view } = liveView<{ value: object }>(layout, new DataView(bytes.buffer))
    view.value = { a: 1, b: 2, c: 3 } as never
    expect([...bytes]).toEqual([
      1, 0xee, 2, 0, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 3, 0, 0, 0,
    ])
  })

  test('bytes are a list in JSON, however deep', () => {
    const layout = struct('', 8, [
      ['rows', 0, array(bytes(2), 2)],
      ['cells', 4, array(struct('', 2, [['mac', 0, bytes(2)]]), 2)],
    ])
    const { view } = liveView<object>(
      layout,
      new DataView(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer),
    )
    expect(JSON.stringify(view)).toBe(
      '{"rows":[[1,2],[3,4]],"cells":[{"mac":[5,6]},{"mac":[7,8]}]}',
    )
  })

  test('shows its fields', () => {
    const { view } = open()
    view.last.pid = 7
    const plain = {
      count: 0n,
      last: { pid: 7, cpu: 0 },
      slots: [0, 0, 0, 0],
      keys: [
        { pid: 0, cpu: 0 },
        { pid: 0, cpu: 0 },
      ],
      name: '',
      raw: new Uint8Array(4),
      flags: 0,
      on: false,
      grid: [
        [0, 0, 0],
        [0, 0, 0],
      ],
    }
    expect(snapshot(view)).toEqual(plain)
    expect(inspect(view)).toBe(inspect(plain))
    expect(inspect(view.slots)).toBe('[ 0, 0, 0, 0 ]')
    expect(Object.keys(view)).toEqual(Object.keys(plain))
    expect(JSON.parse(JSON.stringify(view, jsonReplacer))).toEqual({
      ...plain,
      count: '0',
      raw: [0, 0, 0, 0],
    })
    expect({ ...view.last }).toEqual({ pid: 7, cpu: 0 })
    expect('count' in view).toBe(true)
    expect('toString' in view).toBe(false)
  })

  test('is sealed', () => {
    const { view } = open()
    expect(() => Object.assign(view, { nope: 1 })).toThrow(TypeError)
    expect(() => delete (view as Partial<View<Section>>).name).toThrow(TypeError)
    expect(() => Object.assign(view.slots, { nope: 1 })).toThrow(TypeError)
    expect(Object.isSealed(view)).toBe(true)
  })

  test('is one object, and so are those inside it', () => {
    const { view } = open()
    expect(view.last).toBe(view.last)
    expect(view.keys[1]).toBe(view.keys[1])
  })

  test.each<[string, (view: View<Section>) => object]>([
    ['a section', (view) => view],
    ['a struct', (view) => view.last],
    ['an array', (view) => view.slots],
    ['an object with one', (view) => ({ inner: [view.last] })],
  ])('of %s cannot be cloned or posted', (_, part) => {
    const { view } = open()
    const { port1, port2 } = new MessageChannel()
    expect(() => structuredClone(part(view))).toThrow(/could not be cloned/)
    expect(() => port1.postMessage(part(view))).toThrow(/could not be cloned/)
    port1.close()
    port2.close()
  })

  test('may have any names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'then', 'await']
    const layout = struct(
      '',
      names.length,
      names.map((name, i) => [name, i, u8]),
    )
    const { view } = liveView<Record<string, number>>(layout, new DataView(new ArrayBuffer(8)))
    for (const [i, name] of names.entries()) view[name] = i + 1
    expect(Object.entries(view)).toEqual(names.map((name, i) => [name, i + 1]))
  })

  test('of a union reads and writes every member', () => {
    const layout = struct('', 4, [
      [
        '',
        0,
        union('', 4, [
          ['code', 0, u32],
          ['low', 0, u16],
        ]),
      ],
    ])
    const { view } = liveView<{ code: number; low: number }>(
      layout,
      new DataView(new ArrayBuffer(4)),
    )
    view.code = 0x10002
    expect(view.low).toBe(2)
    view.low = 5
    expect(view.code).toBe(0x10005)
  })

  test('is aimed elsewhere with all it gave out', () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => i)
    const memory = new DataView(bytes.buffer)
    const layout = struct('', 8, [
      ['inner', 0, struct('', 4, [['a', 0, u8]])],
      ['list', 4, array(u8, 4)],
    ])
    const { view, point } = liveView<{ inner: { a: number }; list: number[] }>(layout, memory)
    const { inner, list } = view
    point(memory, 16)
    expect([inner.a, ...list]).toEqual([16, 20, 21, 22, 23])
  })

  test('of a number is the number that is there', () => {
    const bytes = Uint8Array.of(1, 0, 2, 0)
    const live = liveView<number>(u16, new DataView(bytes.buffer))
    expect(live.view).toBe(1)
    live.point(new DataView(bytes.buffer), 2)
    expect(live.view).toBe(2)
  })

  test('snapshot refuses what is no view', () => {
    expect(() => snapshot({} as never)).toThrow(TypeError)
  })
})

const slots = (): View<Section>['slots'] => {
  const { view } = open()
  view.slots.set([1, 2, 3, 4])
  return view.slots
}

describe('an array in a view', () => {
  test('has a length, indexes and iteration', () => {
    const view = slots()
    expect(view).toHaveLength(4)
    expect([view[0], view[3], view[4], view[-1]]).toEqual([1, 4, undefined, undefined])
    expect([...view]).toEqual([1, 2, 3, 4])
    expect([3 in view, 4 in view]).toEqual([true, false])
    expect(Object.keys(view)).toEqual(['0', '1', '2', '3'])
    expect(Array.from(view)).toEqual([1, 2, 3, 4])
  })

  test('set, fill, slice and toArray', () => {
    const view = slots()
    view.set([8, 9], 1)
    expect(view.toArray()).toEqual([1, 8, 9, 4])
    view.fill(7, -2)
    expect(view.toArray()).toEqual([1, 8, 7, 7])
    view.fill(0, 1, 2)
    expect(view.slice(1)).toEqual([0, 7, 7])
    expect([view.slice(-3, -1), view.slice(2, 1), view.slice(0, 99)]).toEqual([
      [0, 7],
      [],
      [1, 0, 7, 7],
    ])
    view.set(new Uint32Array([5, 5, 5, 5]))
    expect(view.toArray()).toEqual([5, 5, 5, 5])
  })

  test('slice and toArray give plain values, indexes and iteration views', () => {
    const { view } = open()
    const [copy] = view.keys.toArray()
    const [live] = view.keys
    view.keys[0] = { pid: 3, cpu: 4 }
    expect(copy).toEqual({ pid: 0, cpu: 0 })
    expect(live?.pid).toBe(3)
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a view's fill copies
    view.keys.fill({ pid: 1, cpu: 2 })
    expect(view.keys.toArray()).toEqual([
      { pid: 1, cpu: 2 },
      { pid: 1, cpu: 2 },
    ])
  })

  test('of arrays', () => {
    const { view } = open()
    view.grid = [
      [1, 2, 3],
      [4, 5, 6],
    ] as never
    const row = view.grid[1] as unknown as number[]
    row[0] = 9
    expect(snapshot(view).grid).toEqual([
      [1, 2, 3],
      [9, 5, 6],
    ])
  })

  test.each<[string, (view: View<Section>['slots']) => void, RegExp]>([
    [
      'an index past the end',
      (view) => {
        view[4] = 1
      },
      /^slots\[4\]: no such element, the array has 4/,
    ],
    [
      'a negative index',
      (view) => {
        view[-1] = 1
      },
      /^slots\[-1\]: /,
    ],
    [
      'a value',
      (view) => {
        view[1] = -1
      },
      /^slots\[1\]: expected an integer/,
    ],
    [
      'too many',
      (view) => view.set([1, 2], 3),
      /^slots: 2 elements from index 3 on do not fit, the array has 4/,
    ],
    ['a negative offset', (view) => view.set([1], -1), /^slots: /],
    ['a wrong one among them', (view) => view.set([1, -1]), /^slots\[1\]: /],
    ['a wrong filler', (view) => view.fill(2 ** 32), /^slots\[0\]: /],
  ])('refuses %s and writes nothing', (_, write, message) => {
    const view = slots()
    expect(() => write(view)).toThrow(RangeError)
    expect(() => write(view)).toThrow(message)
    expect(view.toArray()).toEqual([1, 2, 3, 4])
  })
})

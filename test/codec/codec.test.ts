import { describe, expect, test } from 'vitest'

import {
  array,
  bits,
  bool,
  bytes,
  chars,
  codec,
  enumeration,
  f32,
  f64,
  jsonReplacer,
  type Layout,
  s128,
  s16,
  s32,
  s64,
  s8,
  safe,
  struct,
  u128,
  u16,
  u32,
  u64,
  u8,
  union,
} from '../../src/codec/index.ts'

const point = struct('', 4, [
  ['x', 0, s16],
  ['y', 2, s16],
])
const state = enumeration('trace_state', 4, false, [
  ['STATE_IDLE', 0],
  ['STATE_RUNNING', 4],
])
const result = union('', 4, [
  ['code', 0, u32],
  ['err', 0, s32],
])
/** As in `struct event { __u64 ts; __u32 pid; enum trace_state state; char comm[16]; __u8 addr[6]; … }` */
const event = struct('event', 56, [
  ['ts', 0, u64],
  ['pid', 8, u32],
  ['state', 12, state],
  ['comm', 16, chars(16)],
  ['addr', 32, bytes(6)],
  ['flags', 40, u32, bits(0, 3)],
  ['depth', 40, u32, bits(3, 5)],
  ['result', 44, result],
  ['at', 48, array(point, 2)],
])
const value = {
  ts: 1n,
  pid: 2,
  state: 4,
  comm: 'sh',
  addr: Uint8Array.of(1, 2, 3, 4, 5, 6),
  flags: 5,
  depth: 17,
  result: { code: 0xffffffff },
  at: [
    { x: 1, y: -2 },
    { x: 3, y: 4 },
  ],
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const encoded = (layout: Layout, value: unknown): string =>
  hex(codec(layout).encode(value as never))
const decoded = (layout: Layout, bytes: string): unknown =>
  codec(layout).decode(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))

describe('a codec', () => {
  test('has a name, a size and fields', () => {
    const { name, size, fields } = codec(event)
    expect({ name, size }).toEqual({ name: 'event', size: 56 })
    expect(fields.slice(1, 6)).toEqual([
      { name: 'pid', offset: 8, size: 4, type: 'u32' },
      { name: 'state', offset: 12, size: 4, type: 'enum trace_state' },
      { name: 'comm', offset: 16, size: 16, type: 'char[16]' },
      { name: 'addr', offset: 32, size: 6, type: 'u8[6]' },
      { name: 'flags', offset: 40, size: 4, type: 'u32:3', bits: { offset: 0, size: 3 } },
    ])
    expect(fields.at(-1)).toEqual({ name: 'at', offset: 48, size: 8, type: 'struct[2]' })
    expect(codec(array(chars(8), 4), 'names')).toMatchObject({ name: 'names', size: 32 })
  })

  test('lays a value out as C does, padding zero', () => {
    expect(encoded(event, value)).toBe(
      '0100000000000000' +
        '02000000' +
        '04000000' +
        '73680000000000000000000000000000' +
        '010203040506' +
        '0000' +
        '8d000000' +
        'ffffffff' +
        '0100feff03000400',
    )
  })

  test('gives plain objects, of a union every member', () => {
    const bytes = codec(event).encode(value)
    expect(codec(event).decode(bytes)).toEqual({ ...value, result: { code: 0xffffffff, err: -1 } })
  })

  test('copies: what was decoded does not change with the bytes', () => {
    const raw = Uint8Array.of(1, 2)
    const read = codec(bytes(2)).decode(raw)
    raw[0] = 9
    expect(read).toEqual(Uint8Array.of(1, 2))
  })

  test('reads and writes at an offset', () => {
    const into = new Uint8Array(6).fill(0xff)
    expect(codec(u32).encode(1, into, 1)).toBe(into)
    expect(hex(into)).toBe('ff01000000ff')
    expect(codec(u32).decode(into, 1)).toBe(1)
    expect(hex(codec(u16).encode(1, undefined, 2))).toBe('00000100')
  })

  test('takes windows into larger buffers', () => {
    const window = new Uint8Array(16).subarray(4, 8)
    codec(u32).encode(7, window)
    expect(hex(new Uint8Array(window.buffer))).toBe(`00000000${'07000000'}${'00'.repeat(8)}`)
    expect(codec(u32).decode(window)).toBe(7)
  })

  test.each([
    [
      'too few bytes',
      () => codec(event).decode(new Uint8Array(55)),
      /cannot decode event: it takes 56 bytes, but only 55/,
    ],
    ['an offset past the end', () => codec(u32).decode(new Uint8Array(4), 5), /takes 4 bytes/],
    ['a negative offset', () => codec(u32).decode(new Uint8Array(4), -1), /offset/],
    ['too small a target', () => codec(u32).encode(1, new Uint8Array(3)), RangeError],
    [
      'too small a target of a struct',
      () => codec(point).encode({ x: 1, y: 1 } as never, new Uint8Array(3)),
      /takes 4 bytes, but only 3/,
    ],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })

  test('refuses what is no Uint8Array', () => {
    expect(() => codec(u32).decode([1, 2, 3, 4] as never)).toThrow(TypeError)
  })
})

describe('scalars', () => {
  const cases: [string, Layout, unknown, string][] = [
    ['u8', u8, 255, 'ff'],
    ['s8', s8, -128, '80'],
    ['u16', u16, 0xfffe, 'feff'],
    ['s16', s16, -2, 'feff'],
    ['u32', u32, 0xfffffffe, 'feffffff'],
    ['s32', s32, -2147483648, '00000080'],
    ['u64', u64, 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['s64', s64, -(2n ** 63n), '0000000000000080'],
    ['u128', u128, 2n ** 127n + 1n, '01000000000000000000000000000080'],
    ['s128', s128, -2n, 'feffffffffffffffffffffffffffffff'],
    ['js:number u64', safe(u64), 2 ** 53 - 1, 'ffffffffffff1f00'],
    ['js:number s64', safe(s64), -(2 ** 53 - 1), '010000000000e0ff'],
    ['bool', bool, true, '01'],
    ['float', f32, 1.5, '0000c03f'],
    ['double', f64, -0.1, '9a9999999999b9bf'],
    ['enum', state, 77, '4d000000'],
    ['signed enum', enumeration('', 4, true, []), -1, 'ffffffff'],
    ['64-bit enum', enumeration('', 8, false, []), 2n ** 40n, '0000000000010000'],
  ]
  test.each(cases)('%s', (_, layout, value, bytes) => {
    expect(encoded(layout, value)).toBe(bytes)
    expect(decoded(layout, bytes)).toBe(value)
  })

  test('64 and 128 bits are written from safe integers too', () => {
    expect(encoded(u64, 5)).toBe('0500000000000000')
    expect(encoded(s64, -1)).toBe('ffffffffffffffff')
    expect(encoded(s128, -1)).toBe('f'.repeat(32))
  })

  test('any byte but zero is true', () => expect(decoded(bool, '02')).toBe(true))

  test.each<[string, Layout, unknown, RegExp]>([
    ['300 in u8', u8, 300, /^value: expected an integer from 0 to 255, got 300$/],
    ['-1 in u8', u8, -1, /0 to 255/],
    ['128 in s8', s8, 128, /-128 to 127/],
    ['2^32 in u32', u32, 2 ** 32, /0 to 4294967295/],
    ['1.5 in u32', u32, 1.5, /got 1.5/],
    ['NaN in u32', u32, Number.NaN, /got NaN/],
    ['-1 in u64', u64, -1, /0 to 18446744073709551615/],
    ['2^64 in u64', u64, 2n ** 64n, /0 to 18446744073709551615/],
    ['2^63 in s64', s64, 2n ** 63n, /to 9223372036854775807/],
    ['an unsafe number in u64', u64, 2 ** 53, /not exact/],
    ['2^128 in u128', u128, 2n ** 128n, /expected an integer/],
    ['2^53 in js:number', safe(u64), 2 ** 53, /not exact/],
    ['-1 in js:number', safe(u64), -1, /got -1/],
    ['1e300 in float', f32, 1e300, /too large for a 32-bit float/],
    ['2^32 in an enum', state, 2 ** 32, /0 to 4294967295/],
  ])('RangeError for %s', (_, layout, value, message) => {
    expect(() => encoded(layout, value)).toThrow(RangeError)
    expect(() => encoded(layout, value)).toThrow(message)
  })

  test.each<[string, Layout, unknown]>([
    ['a string in u32', u32, '1'],
    ['a bigint in u32', u32, 1n],
    ['a boolean in u32', u32, true],
    ['null in u64', u64, null],
    ['a string in u64', u64, '1'],
    ['a bigint in js:number', safe(u64), 1n],
    ['a number in bool', bool, 1],
    ['a bigint in double', f64, 1n],
    ['a name in an enum', state, 'STATE_IDLE'],
  ])('TypeError for %s', (_, layout, value) => {
    expect(() => encoded(layout, value)).toThrow(TypeError)
  })

  test('js:number past 2^53-1 is a RangeError when read', () => {
    expect(() => decoded(safe(u64), '0000000000002000')).toThrow(/9007199254740992 is past 2\^53-1/)
  })
})

describe('char[N]', () => {
  const name = chars(8)

  test.each([
    ['ASCII', 'sh', '7368000000000000'],
    ['nothing', '', '0000000000000000'],
    ['all bytes, no NUL', 'exactly8', '65786163746c7938'],
    ['UTF-8', 'é€', 'c3a9e282ac000000'],
    ['a byte order mark', '\ufeffa', 'efbbbf6100000000'],
  ])('%s', (_, text, bytes) => {
    expect(encoded(name, text)).toBe(bytes)
    expect(decoded(name, bytes)).toBe(text)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31])('%i characters', (length) => {
    const text = 'abcdefghijklmnopqrstuvwxyzABCDEFGH'.slice(0, length)
    const { decode, encode } = codec<string>(chars(40))
    expect(decode(encode(text))).toBe(text)
    expect(codec(chars(length)).decode(encode(text))).toBe(text)
  })

  test('reads to the first NUL, and what is not UTF-8 as U+FFFD', () => {
    expect(decoded(name, '6100626364656667')).toBe('a')
    expect(decoded(name, '61ff62c300626364')).toBe('a\ufffdb\ufffd')
  })

  test('is written from bytes', () => {
    expect(encoded(name, Uint8Array.of(0xff, 0, 1))).toBe('ff00010000000000')
  })

  test.each([
    ['a long string', '123456789'],
    ['one that is long in UTF-8', 'ééééé'],
    ['bytes', new Uint8Array(9)],
  ])('refuses to cut %s', (_, value) => {
    expect(() => encoded(name, value)).toThrow(RangeError)
  })

  test('refuses numbers and lists', () => {
    expect(() => encoded(name, 5)).toThrow(TypeError)
    expect(() => encoded(name, [1, 2])).toThrow(TypeError)
  })

  test('char[M][N] are strings', () => {
    expect(decoded(array(chars(2), 3), '6100 6262 0000')).toEqual(['a', 'bb', ''])
  })
})

describe('bytes and arrays', () => {
  test('u8[N] is a Uint8Array, written from any list of that length', () => {
    expect(decoded(bytes(3), '010203')).toEqual(Uint8Array.of(1, 2, 3))
    expect(encoded(bytes(3), [1, 2, 3])).toBe('010203')
    expect(encoded(bytes(3), { length: 3, 0: 1, 1: 2, 2: 3 })).toBe('010203')
  })

  test.each<[string, Layout, unknown, ErrorConstructor, RegExp]>([
    ['a short list', array(u32, 2), [1], RangeError, /expected 2 elements, got 1/],
    ['a long list', array(u32, 2), [1, 2, 3], RangeError, /expected 2 elements, got 3/],
    ['short bytes', bytes(3), new Uint8Array(2), RangeError, /expected 3 elements, got 2/],
    ['a wrong element', array(u32, 2), [1, -1], RangeError, /^\[1\]: expected an integer/],
    ['a hole', array(u32, 2), [, 1], TypeError, /^\[0\]: .*undefined/], // eslint-disable-line no-sparse-arrays
    ['a number', array(u32, 2), 5, TypeError, /expected an array, got 5/],
    ['a string', bytes(3), 'abc', TypeError, /expected an array, got "abc"/],
    ['a byte of 256', bytes(1), [256], RangeError, /^\[0\]: .*0 to 255/],
  ])('refuse %s', (_, layout, value, type, message) => {
    expect(() => encoded(layout, value)).toThrow(type as never)
    expect(() => encoded(layout, value)).toThrow(message)
  })
})

describe('structs', () => {
  test.each<[string, object, RegExp]>([
    ['a missing field', { ...value, pid: undefined }, /^pid: missing$/],
    [
      'a missing inner field',
      { ...value, at: [{ x: 1, y: 1 }, { x: 1 }] },
      /^at\[1\]\.y: missing$/,
    ],
    ['an unknown field', { ...value, pidd: 1 }, /^pidd: no such field, the fields are ts, pid, /],
    [
      'an unknown inner field',
      {
        ...value,
        at: [
          { x: 1, y: 1, z: 1 },
          { x: 1, y: 1 },
        ],
      },
      /^at\[0\]\.z: no such field, the fields are x, y$/,
    ],
    [
      'a number',
      { ...value, result: 5 },
      /^result: expected an object with the fields code, err; got 5$/,
    ],
    [
      'a list',
      {
        ...value,
        at: [
          [1, 1],
          [1, 1],
        ],
      },
      /^at\[0\]: expected an object/,
    ],
  ])('refuse %s', (_, wrong, message) => {
    expect(() => encoded(event, wrong)).toThrow(TypeError)
    expect(() => encoded(event, wrong)).toThrow(message)
  })

  test('write nothing when a field is wrong', () => {
    const into = new Uint8Array(56).fill(7)
    expect(() =>
      codec(event).encode(
        {
          ...value,
          at: [
            { x: 1, y: 1 },
            { x: 1, y: 1e6 },
          ],
        } as never,
        into,
      ),
    ).toThrow(/^at\[1\]\.y: /)
    expect(into).toEqual(new Uint8Array(56).fill(7))
  })

  test('have any names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'await', 'a"\\\u2028']
    const layout = struct(
      '',
      names.length,
      names.map((name, i) => [name, i, u8]),
    )
    const bytes = Uint8Array.from(names, (_, i) => i + 1)
    const value = codec<object>(layout).decode(bytes)
    expect(Object.keys(value)).toEqual(names)
    expect(Object.values(value)).toEqual([...bytes])
    expect(codec(layout).encode(value as never)).toEqual(bytes)
    expect(() => codec(layout).encode({} as never)).toThrow(/^__proto__: missing$/)
  })

  test('may be encoded while one is', () => {
    const { encode } = codec(point)
    const nested = {
      x: 1,
      get y() {
        return encode({ x: 5, y: 6 } as never).length
      },
    }
    const into = new Uint8Array(4)
    expect(hex(encode(nested as never, into))).toBe('01000400')
  })

  test('take class instances and other views of the same fields', () => {
    class Point {
      x = 1
      get y() {
        return 2
      }
    }
    expect(encoded(point, new Point())).toBe('01000200')
  })
})

describe('unions', () => {
  test('are written from one member', () => {
    expect(encoded(result, { err: -1 })).toBe('ffffffff')
  })

  test('or from several that agree', () => {
    expect(encoded(result, { code: 0xffffffff, err: -1 })).toBe('ffffffff')
    expect(encoded(result, { code: 1, err: undefined })).toBe('01000000')
  })

  test('a string, a NaN and a boolean agree with all bytes that read so', () => {
    const layout = union('', 4, [
      ['raw', 0, u32],
      ['text', 0, chars(4)],
      ['number', 0, f32],
      ['flag', 0, bool],
    ])
    // "A", then bytes behind the NUL; a NaN that is not JavaScript's own.
    for (const bytes of ['41004243', '0300c17f']) {
      expect(encoded(layout, decoded(layout, bytes))).toBe(bytes)
    }
  })

  test('each may say more of some byte than the others', () => {
    const layout = union('', 3, [
      [
        '',
        0,
        struct('', 2, [
          ['a', 0, u8],
          ['b', 1, bool],
        ]),
      ],
      [
        '',
        0,
        struct('', 2, [
          ['c', 0, bool],
          ['d', 1, u8],
        ]),
      ],
      ['low', 2, u8, bits(0, 4)],
      ['flags', 0, array(bool, 3)],
    ])
    const value = { a: 2, b: true, c: true, d: 4, low: 9, flags: [true, true, true] }
    expect(encoded(layout, value)).toBe('020409')
    expect(() => encoded(layout, { ...value, c: false })).toThrow(
      /^value: a\/b and c\/d share bytes/,
    )
  })

  test.each<[string, object, RegExp]>([
    ['members that disagree', { code: 1, err: 2 }, /^value: code and err share bytes/],
    ['no member', {}, /expected at least one of code, err/],
    ['another member', { codee: 1 }, /^codee: no such field/],
  ])('refuse %s', (_, wrong, message) => {
    expect(() => encoded(result, wrong)).toThrow(TypeError)
    expect(() => encoded(result, wrong)).toThrow(message)
  })

  test('name the two of many that disagree', () => {
    const layout = union('', 8, [
      ['a', 0, u32],
      ['b', 0, u64],
      [
        'c',
        0,
        struct('', 8, [
          ['low', 0, u32],
          ['high', 4, u32],
        ]),
      ],
    ])
    expect(encoded(layout, { a: 1, b: 2n ** 32n + 1n, c: { low: 1, high: 1 } })).toBe(
      '0100000001000000',
    )
    expect(() => encoded(layout, { a: 1, b: 1, c: { low: 1, high: 2 } })).toThrow(
      /^value: b and c share bytes/,
    )
  })
})

describe('anonymous members', () => {
  const layout = struct('', 12, [
    ['kind', 0, u32],
    [
      '',
      4,
      union('', 8, [
        ['id', 0, u64],
        [
          '',
          0,
          struct('', 8, [
            ['low', 0, u32],
            ['high', 4, u32],
          ]),
        ],
      ]),
    ],
  ])

  test('belong to the struct around them', () => {
    expect(decoded(layout, '01000000 02000000 03000000')).toEqual({
      kind: 1,
      id: 0x300000002n,
      low: 2,
      high: 3,
    })
    expect(codec(layout).fields.map(({ name, offset }) => [name, offset])).toEqual([
      ['kind', 0],
      ['id', 4],
      ['low', 4],
      ['high', 8],
    ])
  })

  test('of a union are given by any of its members', () => {
    expect(encoded(layout, { kind: 1, id: 5 })).toBe('010000000500000000000000')
    expect(encoded(layout, { kind: 1, low: 2, high: 3 })).toBe('010000000200000003000000')
    expect(() => encoded(layout, { kind: 1 })).toThrow(/expected at least one of id, low\/high/)
    expect(() => encoded(layout, { kind: 1, low: 2 })).toThrow(/^high: missing/)
    expect(() => encoded(layout, { kind: 1, id: 1, low: 2, high: 3 })).toThrow(
      /id and low\/high share bytes/,
    )
  })
})

describe('bitfields', () => {
  const layout = struct('', 16, [
    ['a', 0, u32, bits(0, 3)],
    ['b', 0, s32, bits(3, 5)],
    ['wide', 0, u64, bits(8, 40)],
    ['narrow', 0, u64, bits(48, 16)],
    ['flag', 8, bool, bits(0, 1)],
    ['state', 8, state, bits(1, 7)],
    ['straddles', 9, u32, bits(6, 31)],
  ])

  test('to 32 bits are numbers, wider ones bigint, whatever their type', () => {
    const value = {
      a: 5,
      b: -3,
      wide: 2n ** 40n - 2n,
      narrow: 0xabcd,
      flag: true,
      state: 100,
      straddles: 0x7ffffffe,
    }
    const bytes = codec(layout).encode(value)
    expect(codec(layout).decode(bytes)).toEqual(value)
  })

  test.each<[object, RegExp]>([
    [{ a: 8 }, /^a: expected an integer from 0 to 7, got 8$/],
    [{ b: -17 }, /^b: expected an integer from -16 to 15/],
    [{ wide: 2n ** 40n }, /^wide: /],
    [{ flag: 1 }, /^flag: expected true or false/],
  ])('refuse %o', (wrong, message) => {
    const value = { a: 0, b: 0, wide: 0, narrow: 0, flag: false, state: 0, straddles: 0 }
    expect(() => encoded(layout, { ...value, ...wrong })).toThrow(message)
  })
})

const record = (element: Layout): Layout =>
  struct('record', 4, [
    ['length', 0, u32],
    ['data', 4, element],
  ])

describe('flexible arrays', () => {
  test.each<[string, Layout, string, unknown]>([
    ['u16[]', array(u16, 0), '0100 0200', [1, 2]],
    ['u8[]', bytes(0), '010203', Uint8Array.of(1, 2, 3)],
    ['char[]', chars(0), '7368', 'sh'],
    ['struct[]', array(point, 0), '01000200', [{ x: 1, y: 2 }]],
    ['of nothing', array(u16, 0), '', []],
  ])('%s has what the bytes hold', (_, element, bytes, data) => {
    const hexBytes = `09000000${bytes.replaceAll(' ', '')}`
    expect(decoded(record(element), hexBytes)).toEqual({ length: 9, data })
    expect(encoded(record(element), { length: 9, data })).toBe(hexBytes)
  })

  test('a part of an element is not one', () => {
    expect(decoded(record(array(u16, 0)), '09000000 0100 02')).toEqual({ length: 9, data: [1] })
  })

  test('are written only where they fit', () => {
    const { encode } = codec(record(array(u16, 0)))
    expect(() => encode({ length: 1, data: [1, 2] } as never, new Uint8Array(7))).toThrow(
      /takes 8 bytes, but only 7/,
    )
  })

  test('of a struct inside another are empty', () => {
    const layout = struct('', 8, [
      ['inner', 0, record(array(u8, 0))],
      ['after', 4, u32],
    ])
    expect(decoded(layout, '01000000 02000000')).toEqual({
      inner: { length: 1, data: [] },
      after: 2,
    })
    expect(() => encoded(layout, { inner: { length: 1, data: [1] }, after: 1 })).toThrow(
      /^inner\.data: expected at most 0 elements, got 1/,
    )
  })
})

describe('with', () => {
  const layout = struct('exec', 24, [
    ['args', 0, chars(12)],
    ['inner', 12, struct('', 4, [['name', 0, chars(4)]])],
    ['list', 16, array(struct('', 2, [['tag', 0, bytes(2)]]), 2)],
    ['n', 20, u32],
  ])
  type Exec = { args: string; inner: { name: string }; list: { tag: Uint8Array }[]; n: number }
  const file = Buffer.from(`a\0\0bc\0\0\0\0\0\0\0${'de\0f'}${'ghi\0'}\x01\0\0\0`)

  test('bytes: without loss', () => {
    const raw = codec<Exec>(layout).with({ args: 'bytes' })
    expect(raw.decode(file).args).toEqual(new Uint8Array(file.subarray(0, 12)))
    expect(raw.encode(raw.decode(file)).subarray(0, 12)).toEqual(raw.decode(file).args)
  })

  test('strings: each to its NUL, the zeros at the end left out', () => {
    const argv = codec<Exec>(layout).with({ args: 'strings' })
    expect(argv.decode(file).args).toEqual(['a', '', 'bc'])
    expect(Buffer.from(argv.encode(argv.decode(file))).subarray(0, 12)).toEqual(
      file.subarray(0, 12),
    )
    expect(argv.decode(argv.encode({ ...argv.decode(file), args: [] })).args).toEqual([])
    expect(() => argv.encode({ ...argv.decode(file), args: ['a\0b'] })).toThrow(/^args\[0\]: /)
    expect(() => argv.encode({ ...argv.decode(file), args: ['123456', '1234567'] })).toThrow(
      RangeError,
    )
  })

  test('text: all of it, also of bytes, in structs and in arrays', () => {
    const text = codec<Exec>(layout).with({ 'inner.name': 'text', 'list.tag': 'text' })
    const { inner, list } = text.decode(file)
    expect([inner.name, ...list.map(({ tag }) => tag)]).toEqual(['de\0f', 'gh', 'i'])
  })

  test('any field as bytes', () => {
    expect(codec<Exec>(layout).with({ n: 'bytes' }).decode(file).n).toEqual(
      Uint8Array.of(1, 0, 0, 0),
    )
  })

  test.each([
    [{ nope: 'bytes' }, /no field nope/],
    [{ 'args.x': 'bytes' }, /no field args\.x/],
    [{ n: 'text' }, /n cannot be read as "text"/],
    [{ args: 'string' }, /args cannot be read as "string"/],
  ] as const)('refuses %o', (forms, message) => {
    expect(() => codec<Exec>(layout).with(forms as never)).toThrow(message)
  })
})

test('jsonReplacer writes bigint as decimal strings', () => {
  expect(JSON.stringify({ a: 2n ** 64n, b: [1n], c: 1 }, jsonReplacer)).toBe(
    '{"a":"18446744073709551616","b":["1"],"c":1}',
  )
})

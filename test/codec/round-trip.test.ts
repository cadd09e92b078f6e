import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { codec, type Layout, snapshot } from '../../src/codec/index.ts'
import { sizeOf } from '../../src/codec/layout.ts'
import { liveView } from '../../src/codec/live-view.ts'
import { read } from '../../src/codec/read.ts'
import { anyComposite, valueOf } from './arbitrary.ts'

const layoutAndValue = anyComposite.chain(({ layout }) =>
  valueOf(layout).map((value): [Layout, object] => [layout, value as object]),
)
const layoutAndBytes = anyComposite.chain(({ layout }) => {
  const { size } = codec(layout)
  return fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((bytes): [Layout, Uint8Array] => [layout, bytes])
})

const dataView = (bytes: Uint8Array): DataView => new DataView(bytes.buffer)

/** None is expected. */
class NoError extends Error {}

/** Undefined for a RangeError: random bytes may be past 2^53 where a number is wanted. */
function attempt<T>(read: () => T, allowed: new () => Error = RangeError): T | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(allowed)
    return undefined
  }
}

describe('any layout', () => {
  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(layoutAndValue, ([layout, value]) => {
        const { encode, decode } = codec(layout)
        const bytes = encode(value)
        const decoded = attempt(() => decode(bytes))
        // Decoding gives every member of a union, the value has one.
        if (decoded) expect(decoded).toMatchObject(value)
      }),
      { numRuns: 300 },
    )
  })

  test('what was decoded encodes to bytes that decode to it', () => {
    fc.assert(
      fc.property(layoutAndBytes, ([layout, bytes]) => {
        const { encode, decode } = codec<object>(layout)
        const value = attempt(() => decode(bytes))
        // Bytes that are no UTF-8 are decoded to other characters, a boolean may be true and a float no number by
        // any of many bits: they may not fit, or contradict the rest of a union, and then encoding is refused.
        if (!value || holds(value, hasReplacement)) return
        const odd = hasOddBoolean(layout, bytes) || holds(value, Number.isNaN)
        const allowed = odd ? TypeError : NoError
        const again = attempt(() => encode(value), allowed)
        if (again) expect(decode(again)).toEqual(value)
      }),
      { numRuns: 300 },
    )
  })

  test('the generated decoder and the interpreted one agree', () => {
    fc.assert(
      fc.property(layoutAndBytes, ([layout, bytes]) => {
        const generated = attempt(() => codec(layout).decode(bytes))
        const interpreted = attempt(() => read(layout, dataView(bytes), 0))
        expect(interpreted).toEqual(generated)
      }),
      { numRuns: 300 },
    )
  })

  test('a view shows what is decoded', () => {
    fc.assert(
      fc.property(layoutAndBytes, ([layout, bytes]) => {
        const expected = attempt(() => codec(layout).decode(bytes))
        if (!expected) return
        const { view } = liveView<object>(layout, dataView(bytes))
        expect(snapshot(view)).toEqual(expected)
        expect(plain(view)).toEqual(plain(expected))
      }),
      { numRuns: 300 },
    )
  })

  test('assigning to the fields of a view writes what encoding does', () => {
    fc.assert(
      fc.property(layoutAndValue, ([layout, value]) => {
        const { encode, size } = codec(layout)
        const bytes = new Uint8Array(size)
        const { view } = liveView<object>(layout, dataView(bytes))
        Object.assign(view, value)
        expect(bytes).toEqual(encode(value))
      }),
      { numRuns: 300 },
    )
  })
})

/** Whether a boolean is true by another bit than C sets. */
function hasOddBoolean(layout: Layout, bytes: Uint8Array): boolean {
  switch (layout.kind) {
    case 'bool':
      return bytes.subarray(0, layout.size).some((byte) => byte > 1)
    case 'array': {
      const size = sizeOf(layout.element)
      return Array.from({ length: layout.length }, (_, index) => bytes.subarray(index * size)).some(
        (rest) => hasOddBoolean(layout.element, rest),
      )
    }
    case 'struct':
    case 'union':
      return layout.members.some(({ layout: type, offset }) =>
        hasOddBoolean(type, bytes.subarray(offset)),
      )
    default:
      return false
  }
}

/** Whether one of the scalars in it is such. */
function holds(value: unknown, such: (scalar: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return such(value)
  return Object.values(value).some((inner) => holds(inner, such))
}

function hasReplacement(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\ufffd')
}

/** Views and values alike, bytes as lists of numbers. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Symbol.iterator in value) return Array.from(value as Iterable<unknown>, plain)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

import { describe, expectTypeOf, test } from 'vitest'

import {
  type Codec,
  codec,
  type In,
  type Integer,
  type Live,
  type Union,
  u64,
  type View,
  type ViewArray,
} from '../../src/codec/index.ts'

interface Event {
  ts: bigint
  pid: number
  state: 0 | 4 | (number & {})
  comm: string
  addr: Uint8Array
  at: [{ x: number; y: number }, { x: number; y: number }]
  result: { code: number; err: number } & Union<'code' | 'err'>
}

describe('types', () => {
  test('what is written is wider than what is read', () => {
    expectTypeOf<In<bigint>>().toEqualTypeOf<Integer>()
    expectTypeOf<In<string>>().toEqualTypeOf<string | Uint8Array>()
    expectTypeOf<In<Uint8Array>>().toEqualTypeOf<ArrayLike<number>>()
    expectTypeOf<ArrayLike<{ x: number; y: number }>>().toExtend<In<Event>['at']>()
    expectTypeOf<ArrayLike<{ x: number }>>().not.toExtend<In<Event>['at']>()
    expectTypeOf<Event['state']>().toEqualTypeOf<In<Event>['state']>()
  })

  test('a union takes any of its members, but at least one', () => {
    type Result = In<Event>['result']
    expectTypeOf<{ err: number }>().toExtend<Result>()
    expectTypeOf<Event['result']>().toExtend<Result>()
    expectTypeOf<object>().not.toExtend<Result>()
    expectTypeOf<number>().not.toExtend<Result>()
    expectTypeOf<{ err: string }>().not.toExtend<Result>()
    expectTypeOf<{ pid: bigint }>().not.toExtend<Pick<In<Event>, 'pid'>>()
  })

  test('a codec decodes one and encodes the other', () => {
    const event = {} as Codec<Event>
    expectTypeOf(event.decode).returns.toEqualTypeOf<Event>()
    expectTypeOf(event.encode).parameter(0).toEqualTypeOf<In<Event>>()
    expectTypeOf(codec<bigint>(u64)).toEqualTypeOf<Codec<bigint>>()
  })

  test('with() changes the type of the fields it names', () => {
    const forms = { comm: 'bytes', addr: 'strings', 'result.code': 'text' } as const
    const changed = (event: Codec<Event>) => event.with(forms)
    type Changed = ReturnType<ReturnType<typeof changed>['decode']>
    expectTypeOf<Changed['comm']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<Changed['addr']>().toEqualTypeOf<string[]>()
    expectTypeOf<Changed['result']['code']>().toEqualTypeOf<string>()
    expectTypeOf<Changed['result']['err']>().toEqualTypeOf<number>()
    expectTypeOf<Changed['at'][1]['x']>().toEqualTypeOf<number>()
  })

  test('views have views of structs and arrays, and values', () => {
    type EventView = View<Event>
    expectTypeOf<EventView['ts']>().toEqualTypeOf<bigint>()
    expectTypeOf<EventView['state']>().toEqualTypeOf<Event['state']>()
    expectTypeOf<EventView['comm']>().toEqualTypeOf<string>()
    expectTypeOf<EventView['addr']>().toEqualTypeOf<ViewArray<number>>()
    expectTypeOf<EventView['at'][number]['x']>().toEqualTypeOf<number>()
    expectTypeOf<ReturnType<EventView['at']['toArray']>>().toExtend<Event['at'][0][]>()
    expectTypeOf<EventView['at']>().not.toExtend<unknown[]>()
    expectTypeOf<Live<number>>().toEqualTypeOf<number>()
  })
})

import { describe, expect, it } from 'vitest'

import { copyList } from '../../../src/runtime/ffi/arguments.ts'

describe("a caller's list", () => {
  it('is read once', () => {
    const reads: PropertyKey[] = []
    const list = new Proxy(['a', 'b'], {
      get(target, key, receiver) {
        reads.push(key)
        return Reflect.get(target, key, receiver) as unknown
      },
    })
    expect(copyList('functions', list, (name) => name)).toEqual(['a', 'b'])
    expect(reads).toEqual(['length', '0', '1'])
  })

  it.each([2 ** 20 + 1, 2 ** 53, Number.NaN, '7e9', -Infinity, {}])(
    'that claims %s items is refused or empty, not copied until memory ends',
    (length) => {
      const list = new Proxy([] as string[], {
        get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)) as unknown,
      })
      const copy = (): unknown => copyList('functions', list, (name) => name)
      if (length === -Infinity) expect(copy()).toEqual([])
      else expect(copy).toThrow(/functions must have at most 1048576 items/)
    },
  )

  it('may not be sparse without end', () => {
    const sparse: string[] = []
    sparse.length = 2 ** 32 - 1
    expect(() => copyList('functions', sparse, (name) => name)).toThrow(RangeError)
  })
})

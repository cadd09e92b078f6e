import { execFileSync } from 'node:child_process'

import { describe, expect, test } from 'vitest'

import { interfaceIndex, interfaceName, interfaces } from '../../../src/runtime/net/index.ts'

const byIndex = (a: { index: number }, b: { index: number }): number => a.index - b.index

const here = process.platform === 'linux' ? describe : describe.skip

here(`interfaces${process.platform === 'linux' ? '' : ' (needs Linux)'}`, () => {
  // Others on this machine make and remove theirs.
  test('are those that ip shows', { retry: 3 }, () => {
    const shown = JSON.parse(execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' })) as {
      ifindex: number
      ifname: string
    }[]
    expect(interfaces().toSorted(byIndex)).toEqual(
      shown.map(({ ifindex, ifname }) => ({ index: ifindex, name: ifname })).toSorted(byIndex),
    )
    for (const { ifindex, ifname } of shown) {
      expect(interfaceIndex(ifname)).toBe(ifindex)
      expect(interfaceName(ifindex)).toBe(ifname)
    }
  })

  test('that are not there have neither name nor index', () => {
    expect(interfaceIndex('no-such-device')).toBeUndefined()
    expect(interfaceIndex('')).toBeUndefined()
    expect(interfaceName(0)).toBeUndefined()
    expect(interfaceName(0x7fff_fffe)).toBeUndefined()
  })

  test('are asked for by what can be one', () => {
    expect(() => interfaceIndex('lo\0x')).toThrow(TypeError)
    expect(() => interfaceName(-1)).toThrow(RangeError)
    expect(() => interfaceName(1.5)).toThrow(RangeError)
  })
})

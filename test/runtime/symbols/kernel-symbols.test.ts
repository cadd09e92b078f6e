import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { kernelSymbols } from '../../../src/runtime/symbols/index.ts'

interface Listed {
  address: bigint
  name: string
  module: string | undefined
}

/** The listed symbols of the upper half, by address. BPF programs come and go with other users of the machine. */
const listed: Listed[] =
  process.platform === 'linux'
    ? readFileSync('/proc/kallsyms', 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
          const [, address = '', name = '', module] =
            /^(\w+) \w ([^\t]+)(?:\t\[(.*)\])?$/.exec(line) ?? []
          return { address: BigInt(`0x${address}`), name, module }
        })
        .filter(({ address, module }) => address >= 1n << 63n && module !== 'bpf')
    : []
const lack = listed.length > 0 ? '' : ' (skipped: kernel addresses are hidden here)'

describe.skipIf(lack)(`kernel symbols${lack}`, () => {
  const symbols = kernelSymbols()
  const at = new Map<bigint, Listed[]>()
  for (const symbol of listed) {
    at.set(symbol.address, [...(at.get(symbol.address) ?? []), symbol])
  }

  test('are found by every listed address', () => {
    const wrong = listed.filter(({ address }) => {
      const found = symbols.name(address)
      return (
        found?.offset !== 0 ||
        !at.get(address)?.some(({ name, module }) => name === found.name && module === found.module)
      )
    })
    expect(wrong).toEqual([])
  })

  test('are found by addresses inside them', () => {
    const isKernelsOwn = (start: bigint): boolean => at.get(start)?.[0]?.module === undefined
    const starts = [...at.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    const ranges = starts
      .map((start, index) => ({ start, size: Number((starts[index + 1] ?? start) - start) }))
      .filter(({ start, size }) => size > 1 && size <= 1 << 20 && isKernelsOwn(start))
    const wrong = ranges.filter(({ start, size }) => {
      const last = symbols.name(start + BigInt(size - 1))
      return last?.offset !== size - 1 || !at.get(start)?.some(({ name }) => name === last.name)
    })
    expect(ranges.length).toBeGreaterThan(10_000)
    expect(wrong).toEqual([])
  })

  test('have an address each', () => {
    const names = new Set(listed.map(({ name }) => name))
    for (const name of [...names].slice(0, 50)) {
      const addresses = listed.filter((symbol) => symbol.name === name)
      expect(addresses.map(({ address }) => address)).toContain(symbols.address(name))
    }
    expect(symbols.address('no_such_symbol')).toBeUndefined()
    expect(symbols.address('')).toBeUndefined()
  })

  test('are neither in user memory nor far beyond the last one', () => {
    expect(symbols.name(0x7fff_0000_0000n)).toBeUndefined()
    expect(symbols.name(0)).toBeUndefined()
    expect(symbols.name(0xffff_ffff_ffff_fff0n)).toBeUndefined()
    expect(() => symbols.name(1.5)).toThrow(RangeError)
  })

  test('are read again after refresh()', () => {
    const [{ name, address } = { name: '', address: 0n }] = listed
    symbols.refresh()
    expect(symbols.address(name)).toBe(address)
  })
})

import { describe, expect, it } from 'vitest'

import { readBtf, readBtfOf } from '../../src/btf/btf.ts'
import { createAlignments, sizeOf } from '../../src/btf/size.ts'
import { resolveTypedefs, skipModifiers } from '../../src/btf/traversal.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { fixture, objectOf } from '../elf/object-of.ts'
import { btfBytes, kinds } from './btf-bytes.ts'

const source = fixture('types.c', import.meta.url)

describe('what clang says of its types', () => {
  const tags = ['bits', 'packed', 'packed_end', 'holes', 'empty', 'list', 'tree', 'functions']
  const measured = [...tags.map((tag) => `struct ${tag}`), 'handlers', 'flag_t', 'enum wide']
  const numbers = measured.map((type) => `sizeof(${type}), __alignof__(${type})`)
  const elf = readElf(
    objectOf(`${source}\nunsigned long numbers[] = { ${numbers.join(', ')} };
handlers measured_handlers;`),
  )
  const btf = readBtfOf(elf)
  const section = elf.sections.find(({ name }) => name === '.data')
  const data = section && new DataView(section.data.slice().buffer)
  const offset = elf.symbols.find(({ name }) => name === 'numbers')?.value ?? NaN

  it.each(measured)('%s', (type) => {
    const name = type.split(' ').at(-1)
    const id = btf?.types.findIndex((type) => type.name === name && !/var|func$/.test(type.kind))
    if (!btf || !data || id === undefined) throw new Error('clang wrote no BTF')
    const place = offset + measured.indexOf(type) * 16
    expect(sizeOf(btf, id)).toBe(Number(data.getBigUint64(place, true)))
    expect(createAlignments(btf).of(id)).toBe(Number(data.getBigUint64(place + 8, true)))
  })

  it('shows packing only where it moves something', () => {
    if (!btf) throw new Error('clang wrote no BTF')
    const { isPacked } = createAlignments(btf)
    const packed = btf.types.filter(({ kind }, id) => kind === 'struct' && isPacked(id))
    expect(packed.map(({ name }) => name).toSorted()).toEqual(['packed', 'packed_end'])
  })
})

describe('types that C does not have', () => {
  const strings = '\0a\0'
  const int = [1, kinds.int, 4, 32]
  const proto = [0, kinds.funcProto, 0]

  it('have no size', () => {
    const btf = readBtf(btfBytes([proto, [0, kinds.constant, 0]], strings))
    for (const id of [0, 1, 2]) expect(() => sizeOf(btf, id)).toThrow(/no size/)
    expect(createAlignments(btf).of(1)).toBe(0)
  })

  it('may refer to themselves', () => {
    const loops = [
      [0, kinds.constant, 2],
      [1, kinds.typedef, 1],
      [0, kinds.array, 0, 3, 3, 2],
      [1, kinds.struct + 1, 4, 1, 4, 0],
    ]
    const btf = readBtf(btfBytes(loops, strings))
    for (const id of [1, 2, 3]) expect(() => sizeOf(btf, id)).toThrow(FormatError)
    for (const id of [1, 2, 3, 4]) expect(() => createAlignments(btf).of(id)).toThrow(FormatError)
    expect(() => skipModifiers(readBtf(btfBytes([[0, kinds.constant, 1]], strings)), 1)).toThrow(
      /refers to itself/,
    )
    expect(() => resolveTypedefs(btf, 1)).toThrow(FormatError)
  })

  it('may be larger than memory', () => {
    const nested = [int, [0, kinds.array, 0, 1, 1, 2 ** 31], [0, kinds.array, 0, 2, 1, 2 ** 31]]
    expect(() => sizeOf(readBtf(btfBytes(nested, strings)), 3)).toThrow(/4 GiB/)
  })

  it('may nest deeper than the stack', () => {
    const deep = Array.from({ length: 100_000 }, (_, i) => [1, kinds.struct + 1, 4, 1, i + 2, 0])
    const btf = readBtf(btfBytes([...deep, int], strings))
    expect(() => createAlignments(btf).of(1)).toThrow(FormatError)
  })

  it('may contain one another in ever more ways', () => {
    const doubling = Array.from({ length: 400 }, (_, i) => {
      return [1, kinds.struct + 2, 8, 1, i + 2, 0, 1, i + 2, 32]
    })
    const btf = readBtf(btfBytes([...doubling, int], strings))
    expect(createAlignments(btf).of(1)).toBe(4)
  })
})

it('skips modifiers, and typedefs when asked', () => {
  const strings = '\0a\0'
  const chain = [
    [1, kinds.int, 4, 32],
    [1, kinds.typedef, 1],
    [0, kinds.constant, 2],
  ]
  const btf = readBtf(btfBytes(chain, strings))
  expect(skipModifiers(btf, 3)).toBe(2)
  expect(resolveTypedefs(btf, 3)).toBe(1)
})

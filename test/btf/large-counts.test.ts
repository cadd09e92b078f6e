/** Linux 7.1 widened what a type's info word holds: 24 bits of items and 7 of kind. Every reader of BTF knows. */
import { isDeepStrictEqual } from 'node:util'

import { describe, expect, it } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { readHeader } from '../../src/btf/header.ts'
import type { BtfType } from '../../src/btf/types.ts'
import { readBtfReferences } from '../../src/compile/canonical-btf/references.ts'
import { KernelBtf } from '../../src/runtime/probe/kernel-btf.ts'
import { btfBytes, kinds } from './btf-bytes.ts'
import { encodeBtf } from './encode-btf.ts'

/** Past what 16 bits hold, with a remainder that is not 0. */
const COUNT = 70_000
const numbers = Array.from({ length: COUNT }, (_, index) => index)

/** A type of each kind that has items, each followed by a typedef that a reader who miscounts does not find. */
const types: BtfType[] = [
  { kind: 'void', name: '' },
  int(),
  { kind: 'var', name: 'variable', target: 1, linkage: 'global' },
  ...followed({ kind: 'struct', name: 's', size: COUNT * 4, members: members(32) }),
  ...followed({ kind: 'union', name: 'u', size: 4, members: members(0) }),
  ...followed({ kind: 'enum', name: 'e', size: 4, signed: false, values: values(Number) }),
  ...followed({ kind: 'enum64', name: 'w', size: 8, signed: false, values: values(BigInt) }),
  ...followed({ kind: 'func_proto', name: '', returns: 1, params: params() }),
  ...followed({
    kind: 'datasec',
    name: '.bss',
    size: COUNT * 4,
    variables: numbers.map((index) => ({ type: 2, offset: index * 4, size: 4 })),
  }),
]
const bytes = encodeBtf(types)
const lastName = `m${COUNT - 1}`

describe('types of 70,000 items', () => {
  it('are read from objects and files', () => {
    const { types: read } = readBtf(bytes)
    // vitest's own comparison takes minutes to show a difference of so many.
    const differing = types.filter((type, id) => !isDeepStrictEqual(read[id], type))
    expect(differing.map(({ kind, name }) => `${kind} ${name}`)).toEqual([])
    expect(read).toHaveLength(types.length)
  })

  it('are read from the kernel that runs', () => {
    const btf = new KernelBtf(Buffer.from(bytes))
    for (const [id, type] of types.entries()) {
      if (id === 0) continue
      expect(btf.type(id)).toMatchObject({ kind: type.kind, name: type.name })
      if ('members' in type || 'values' in type) {
        expect(btf.type(id).itemCount).toBe(COUNT)
        const [name] = btf.words(id, COUNT - 1)
        expect(btf.string(name)).toBe(lastName)
      }
    }
    expect([...btf.find('after_datasec', 'typedef')]).toEqual([types.length - 1])
    expect(btf.nextId).toBe(types.length)
  })

  it('are passed over whole where types are put in order', () => {
    const header = readHeader(bytes)
    const section = bytes.subarray(header.types.start, header.types.end)
    const { records } = readBtfReferences(section, undefined, true)
    expect(records.map(({ kind }) => kind)).toEqual(types.slice(1).map(({ kind }) => kind))
    const sizes = records.map(({ size }) => size)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(section.length)
  })
})

describe.each([20, 36, 127])('a type of kind %i, which nobody knows yet', (kind) => {
  const unknown = btfBytes(
    [
      [0, kinds.int, 4, 32],
      [0, (kind << 24) >>> 0, 0],
    ],
    '\0',
  )

  // With 5 bits, 36 were an array's 4 and 127 were 31.
  it.each([
    ['objects and files', () => readBtf(unknown)],
    ['the kernel that runs', () => new KernelBtf(Buffer.from(unknown))],
    ['types to order', () => readBtfReferences(unknown.subarray(24, -1), undefined, true)],
  ])('is an error in %s', (_, read) => {
    expect(read).toThrow(new RegExp(`kind ${kind}\\b`))
  })
})

function int(): BtfType {
  const encoding = { signed: false, char: false, bool: false, bitOffset: 0, bits: 32 }
  return { kind: 'int', name: 'unsigned int', size: 4, ...encoding }
}

function followed(type: BtfType): BtfType[] {
  return [type, { kind: 'typedef', name: `after_${type.kind}`, target: 1 }]
}

function members(bits: number) {
  return numbers.map((index) => ({
    name: `m${index}`,
    type: 1,
    bitOffset: index * bits,
    bitSize: 0,
  }))
}

function params() {
  return numbers.map((index) => ({ name: `m${index}`, type: 1 }))
}

function values<T>(toValue: (index: number) => T): { name: string; value: T }[] {
  return numbers.map((index) => ({ name: `m${index}`, value: toValue(index) }))
}

import { existsSync, readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { readBtf, readBtfOf, typeAt, type Btf } from '../../src/btf/btf.ts'
import type { BtfType } from '../../src/btf/types.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { fixture, objectOf } from '../elf/object-of.ts'
import { btfBytes, kinds, type Header } from './btf-bytes.ts'
import { encodeBtf } from './encode-btf.ts'

const source = fixture('types.c', import.meta.url)

function btfOf(object: Uint8Array): Btf {
  const btf = readBtfOf(readElf(object))
  if (!btf) throw new Error('clang wrote no BTF')
  return btf
}

function named<K extends BtfType['kind']>(btf: Btf, kind: K, name: string) {
  return btf.types.find(
    (type): type is Extract<BtfType, { kind: K }> => type.kind === kind && type.name === name,
  )
}

describe('the types of a C file', () => {
  const btf = btfOf(objectOf(source))

  it('are the same in either byte order', () => {
    const big = btfOf(objectOf(source, { target: 'bpfeb' }))
    expect(big.littleEndian).toBe(false)
    expect(big.types).toEqual(btf.types)
  })

  it('are the same when they are written again', () => {
    expect(readBtf(encodeBtf(btf.types)).types).toEqual(btf.types)
  })

  it('are by id, 0 being void', () => {
    expect(typeAt(btf, 0)).toEqual({ kind: 'void', name: '' })
    expect(() => typeAt(btf, btf.types.length)).toThrow(FormatError)
    expect(() => typeAt(btf, -1)).toThrow(FormatError)
  })

  it('have integers with sign and size', () => {
    expect(named(btf, 'int', 'long')).toMatchObject({ size: 8, signed: true, bits: 64 })
    expect(named(btf, 'int', '_Bool')).toMatchObject({ size: 1, bool: true })
    expect(named(btf, 'int', '__int128')).toMatchObject({ size: 16, bits: 128 })
    expect(named(btf, 'float', 'double')).toMatchObject({ size: 8 })
  })

  it('have bitfields in bits', () => {
    const bits = named(btf, 'struct', 'bits')
    const places = bits?.members.map(({ name, bitOffset, bitSize }) => [name, bitOffset, bitSize])
    expect(places).toEqual([
      ['a', 0, 3],
      ['b', 3, 5],
      ['c', 32, 9],
      ['d', 64, 40],
      ['e', 104, 0],
      ['f', 112, 4],
      ['g', 116, 1],
      ['h', 117, 3],
    ])
  })

  it('have enumerators as what they are, to 64 bits', () => {
    const negative = { name: 'NEGATIVE', value: -3 }
    expect(named(btf, 'enum', 'negative')).toMatchObject({ signed: true, values: [negative, {}] })
    const wide = { name: 'WIDE', value: 0x1ffffffffn }
    expect(named(btf, 'enum64', 'wide')).toMatchObject({
      size: 8,
      signed: false,
      values: [wide, {}],
    })
    const low = { name: 'LOW', value: -0x1ffffffffn }
    expect(named(btf, 'enum64', 'negative_wide')).toMatchObject({ signed: true, values: [low, {}] })
  })

  it('have forward declarations, tags and linkage', () => {
    expect(named(btf, 'fwd', 'forward')?.fwdKind).toBe('struct')
    expect(named(btf, 'fwd', 'forward_union')?.fwdKind).toBe('union')
    expect(named(btf, 'type_tag', 'user')).toBeDefined()
    const tag = named(btf, 'decl_tag', 'a tag')
    expect(tag?.component).toBe(-1)
    expect(typeAt(btf, tag?.target ?? 0)).toMatchObject({ kind: 'var', name: 'tagged' })
    expect(named(btf, 'var', 'hidden')?.linkage).toBe('static')
    expect(named(btf, 'func', 'program')?.linkage).toBe('global')
  })

  it('have sections with their variables', () => {
    const { variables = [] } = named(btf, 'datasec', '.rodata') ?? {}
    expect(variables.map(({ type }) => typeAt(btf, type).name)).toEqual(['constant'])
  })
})

it.skipIf(!existsSync('/sys/kernel/btf/vmlinux'))('reads the BTF of the running kernel', () => {
  const btf = readBtf(readFileSync('/sys/kernel/btf/vmlinux'))
  expect(named(btf, 'struct', 'task_struct')?.members.map(({ name }) => name)).toContain('pid')
})

describe.each([true, false])('hand-made BTF, little-endian: %s', (littleEndian) => {
  const make = (types: readonly number[][], strings = '\0int\0x\0', header: Header = {}) =>
    btfBytes(types, strings, { littleEndian, ...header })
  const int = [1, kinds.int, 4, 32]

  it('may continue other BTF', () => {
    const base = readBtf(make([int]))
    const split = readBtf(
      make(
        [
          [0, kinds.pointer, 1],
          [7, kinds.typedef, 2],
        ],
        'y\0',
      ),
      { base },
    )
    expect(split.types.slice(1)).toEqual([
      base.types[1],
      { kind: 'pointer', name: '', target: 1 },
      { kind: 'typedef', name: 'y', target: 2 },
    ])
    const nameless = readBtf(make([[0, kinds.pointer, 1]], ''), { base })
    expect(nameless.types.length).toBe(3)
  })

  it('may have a longer header', () => {
    expect(readBtf(make([int], undefined, { length: 40 })).types.length).toBe(2)
  })

  it('may be what an older pahole wrote: members without bitfield sizes', () => {
    const { types } = readBtf(make([int, [0, kinds.struct + 1, 64, 5, 1, 0x1000100]]))
    expect(types[2]).toMatchObject({ members: [{ bitOffset: 0x1000100, bitSize: 0 }] })
  })

  it('may have plain attributes for tags', () => {
    const { types } = readBtf(make([int, [5, kinds.typeTag + 2 ** 31, 1]]))
    expect(types[2]).toEqual({ kind: 'type_tag', name: 'x', target: 1, attribute: true })
  })

  const damaged: [what: string, bytes: Uint8Array, reason: RegExp][] = [
    ['nothing', new Uint8Array(), /too few for a header/],
    ['other bytes', new Uint8Array(24), /magic/],
    ['half a header', make([int]).subarray(0, 20), /needs 4 more bytes/],
    ['a version to come', make([int], undefined, { version: 2 }), /version 2/],
    ['half the strings', make([int]).subarray(0, -3), /there are/],
    ['a short header', make([int], undefined, { length: 16 }), /too short/],
    ['an unknown kind', make([[0, 20 << 24, 0]]), /unknown kind 20/],
    ['a kind never written', make([[0, 0, 0]]), /unknown kind 0/],
    ['a type that is not there', make([int, [0, kinds.pointer, 3]]), /type 3 is referred to/],
    ['a name that is not there', make([[900, kinds.int, 4, 32]]), /outside/],
    ['half a type', make([[0, kinds.int, 4]]), /cut off/],
    ['more members than fit', make([[0, kinds.struct + 0xffffff, 4]]), /more words are needed/],
    ['more enumerators than fit', make([[0, kinds.enum + 9, 4, 1, 1]]), /more words are needed/],
    ['an unknown linkage', make([int, [5, kinds.variable, 1, 7]]), /linkage 7/],
    ['strings without an end', make([int], '\0int'), /zero byte/],
    ['strings without a start', make([int], 'int\0'), /zero byte/],
  ]
  it.each(damaged)('is refused with %s', (_, bytes, reason) => {
    expect(() => readBtf(bytes)).toThrow(FormatError)
    expect(() => readBtf(bytes)).toThrow(reason)
  })

  it('says where the fault is', () => {
    try {
      readBtf(make([int, [0, kinds.pointer, 3]]))
      expect.unreachable()
    } catch (error) {
      // The header, the integer's four words, then the third word of the pointer.
      expect(error).toMatchObject({ format: 'BTF', offset: 24 + 4 * 4 + 2 * 4 })
    }
  })
})

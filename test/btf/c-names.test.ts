import { describe, expect, it } from 'vitest'

import type { Btf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { cIdentifier, cString } from '../../src/btf/dump/c-names.ts'

describe('a name in C', () => {
  it.each([
    ['event', 'event'],
    ['', ''],
    ['$a_1', '$a_1'],
    ['größe', 'größe'],
    ['Option<u32>', 'Option_u32_'],
    ['foo.llvm.12', 'foo_llvm_12'],
    ['8bit', '_8bit'],
    ['a; } int main() {', 'a____int_main____'],
    ['*/ x /*', '___x___'],
    ['a\u2028b\nc', 'a_b_c'],
  ])('%j is %s', (name, identifier) => {
    expect(cIdentifier(name)).toBe(identifier)
  })

  it('in a string ends neither it nor the line', () => {
    expect(cString('a"b\\c\nd\0e é')).toBe('a_b_c_d_e é')
  })
})

it('a dump of BTF from another language has names that C takes', () => {
  const btf: Btf = {
    littleEndian: true,
    types: [
      { kind: 'void', name: '' },
      {
        kind: 'int',
        name: 'unsigned int',
        size: 4,
        signed: false,
        char: false,
        bool: false,
        bitOffset: 0,
        bits: 32,
      },
      {
        kind: 'int',
        name: '()',
        size: 4,
        signed: false,
        char: false,
        bool: false,
        bitOffset: 0,
        bits: 32,
      },
      {
        kind: 'struct',
        name: 'Vec<u8>',
        size: 8,
        members: [
          { name: 'a b', type: 1, bitOffset: 0, bitSize: 0 },
          { name: '0', type: 2, bitOffset: 32, bitSize: 0 },
        ],
      },
      {
        kind: 'enum',
        name: 'core::E',
        size: 4,
        signed: false,
        values: [{ name: 'E::A', value: 0 }],
      },
    ],
  }
  expect(dumpC(btf)).toContain('struct Vec_u8_ {\n\tunsigned int a_b;\n\t__ _0;\n};')
  expect(dumpC(btf)).toContain('enum core__E {\n\tE__A = 0,\n}')
})

it('an integer of several words leaves the name made of them to others', () => {
  const int = { signed: false, char: false, bool: false, bitOffset: 0, bits: 32 }
  const btf: Btf = {
    littleEndian: true,
    types: [
      { kind: 'void', name: '' },
      { kind: 'int', name: 'unsigned int', size: 4, ...int },
      {
        kind: 'struct',
        name: 'unsigned_int',
        size: 4,
        members: [{ name: 'a', type: 1, bitOffset: 0, bitSize: 0 }],
      },
    ],
  }
  expect(dumpC(btf)).toContain('struct unsigned_int {')
})

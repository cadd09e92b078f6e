import { describe, expect, it } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { cIdentifier, cString } from '../../src/btf/dump/c-names.ts'
import { btfBytes, kinds } from './btf-bytes.ts'

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

/** A type's words, its name among the strings. */
const int = (name: number) => [name, kinds.int, 4, 32]

it('a dump of BTF from another language has names that C takes', () => {
  const strings = ['', 'unsigned int', '()', 'Vec<u8>', 'a b', '0', 'core::E', 'E::A']
  const at = (name: string): number =>
    strings.slice(0, strings.indexOf(name)).reduce((sum, before) => sum + before.length + 1, 0)
  const btf = readBtf(
    btfBytes(
      [
        int(at('unsigned int')),
        int(at('()')),
        [at('Vec<u8>'), kinds.struct + 2, 8, at('a b'), 1, 0, at('0'), 2, 32],
        [at('core::E'), kinds.enum + 1, 4, at('E::A'), 0],
      ],
      strings.map((string) => `${string}\0`).join(''),
    ),
  )
  expect(dumpC(btf)).toContain('struct Vec_u8_ {\n\tunsigned int a_b;\n\t__ _0;\n};')
  expect(dumpC(btf)).toContain('enum core__E {\n\tE__A = 0,\n}')
})

it('an integer of several words leaves the name made of them to others', () => {
  const strings = '\0unsigned int\0unsigned_int\0a\0'
  const btf = readBtf(btfBytes([int(1), [14, kinds.struct + 1, 4, 27, 1, 0]], strings))
  expect(dumpC(btf)).toContain('struct unsigned_int {')
})

import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { FormatError } from '../../src/elf/format-error.ts'
import { writeStringTable } from '../../src/elf/string-table-writer.ts'
import { sectionStrings, stringTable } from '../../src/elf/string-table.ts'

const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'ä', '😀') })

it('finds every name that was written', () => {
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const { bytes, offsets } = writeStringTable(names)
      const read = stringTable(bytes, 'ELF', 0)
      for (const name of names) expect(read(offsets.get(name) ?? NaN)).toBe(name)
    }),
  )
})

it('shares the bytes of a name that ends another', () => {
  const { bytes, offsets } = writeStringTable(['.relxdp', 'xdp', 'dp', '.rel', ''])
  expect(bytes.length).toBe(1 + '.relxdp\0.rel\0'.length)
  expect(offsets.get('xdp')).toBe((offsets.get('.relxdp') ?? 0) + 4)
})

it('refuses what is outside of it or has no end', () => {
  const ascii = stringTable(new TextEncoder().encode('\0abc'), 'BTF', 24)
  const unicode = stringTable(new TextEncoder().encode('\0ä'), 'BTF', 24)
  for (const table of [ascii, unicode]) {
    expect(table(0)).toBe('')
    expect(() => table(1)).toThrow(FormatError)
    expect(() => table(4000)).toThrow(FormatError)
  }
})

it('says so when the section that should hold it is not there', () => {
  expect(() => sectionStrings(undefined, 'symbols')).toThrow(
    /^ELF, byte 0: the section that should be the string table of symbols is not there$/u,
  )
})

import { describe, expect, it } from 'vitest'

import { readElf, relocations } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { ABSOLUTE_SECTION } from '../../src/elf/symbols.ts'
import { fixture, objectOf } from './object-of.ts'

const source = fixture('program.bpf.c', import.meta.url)
const little = objectOf(source)

describe.each(['bpfel', 'bpfeb'] as const)('an object of clang for %s', (target) => {
  const elf = readElf(objectOf(source, { target }))
  const section = (name: string) => elf.sections.find((section) => section.name === name)
  const symbol = (name: string) => elf.symbols.find((symbol) => symbol.name === name)

  it('says what it is', () => {
    expect(elf).toMatchObject({ littleEndian: target === 'bpfel', machine: 247, type: 1 })
  })

  it('has the sections that the source names', () => {
    expect(elf.sections.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['', '.text', 'tp/sched/sched_process_exec', '?xdp', '.maps', '.BTF']),
    )
    expect(Buffer.from(section('license')?.data ?? []).toString()).toBe('GPL\0')
    expect(elf.sections.map(({ index }) => index)).toEqual([...elf.sections.keys()])
  })

  it('knows the size of .bss, which has no bytes', () => {
    expect(section('.bss')).toMatchObject({ size: 60, data: { length: 0 } })
  })

  it('has the symbols of globals, statics and programs', () => {
    expect(symbol('counter')).toMatchObject({
      type: 'object',
      binding: 'global',
      visibility: 'default',
      size: 8,
      section: section('.bss')?.index,
    })
    expect(symbol('calls')).toMatchObject({ binding: 'local', size: 4 })
    expect(symbol('on_packet')).toMatchObject({ type: 'func', section: section('?xdp')?.index })
    expect(elf.symbols.find(({ type }) => type === 'file')?.section).toBe(ABSOLUTE_SECTION)
  })

  it('has the relocations of a program: its map, its globals, its subprogram', () => {
    const program = section('tp/sched/sched_process_exec')
    const found = program ? relocations(elf, program) : []
    const names = found.map(({ symbol }) => symbol.name || elf.sections[symbol.section]?.name)
    expect(new Set(names)).toEqual(
      new Set(['events', 'target_pid', 'enabled', 'counter', 'last', '.text']),
    )
    expect(found[0]).toMatchObject({ type: 1, addend: 0n })
  })
})

it('numbers sections beyond 16 bits', () => {
  const lines = Array.from({ length: 66_000 }, (_, i) => `.section s${i},"a"\nv${i}:\n.byte 1\n`)
  const elf = readElf(objectOf(lines.join(''), { language: 'assembler' }))
  expect(elf.sections.length).toBeGreaterThan(66_000)
  const last = elf.symbols.find(({ name }) => name === 'v65999')
  expect(elf.sections[last?.section ?? 0]?.name).toBe('s65999')
})

describe('refuses', () => {
  const header = new DataView(little.buffer, little.byteOffset, little.length)
  const tableOffset = Number(header.getBigUint64(40, true))
  const sections = readElf(little).sections
  const at = (name: string): number =>
    tableOffset + 64 * sections.findIndex((section) => section.name === name)
  const symbols = sections.find(({ name }) => name === '.symtab')?.offset ?? 0

  const cases: [what: string, change: (bytes: DataView) => void, reason: RegExp][] = [
    ['another kind of file', (v) => v.setUint8(0, 0), /not an ELF file/],
    ['32 bits', (v) => v.setUint8(4, 1), /32-bit/],
    ['an unknown byte order', (v) => v.setUint8(5, 3), /byte order 3/],
    ['a section table past the end', (v) => v.setUint16(60, 0xfe00, true), /past the end/],
    ['a table of 4 billion sections', (v) => v.setUint32(tableOffset + 32, 2 ** 32 - 1, true), /./],
    ['section headers of another size', (v) => v.setUint16(58, 40, true), /40 bytes/],
    ['section names in a program', (v) => v.setUint16(62, 2, true), /string table/],
    ['section names in no section', (v) => v.setUint16(62, 999, true), /999/],
    ['a name outside of the table', (v) => v.setUint32(at('.maps'), 1 << 30, true), /outside/],
    ['a section past the end', (v) => v.setUint32(at('.maps') + 32, 1 << 30, true), /the file has/],
    [
      'overlapping sections',
      (v) => v.setBigUint64(at('.BTF') + 24, v.getBigUint64(at('.maps') + 24, true), true),
      /overlaps/,
    ],
    ['a symbol in no section', (v) => v.setUint16(symbols + 24 * 3 + 6, 900, true), /section 900/],
    [
      'a symbol with extended index and no table',
      (v) => v.setUint16(symbols + 30, 0xffff, true),
      /SHNDX/,
    ],
    ['symbols named in no table', (v) => v.setUint32(at('.symtab') + 40, 0, true), /string table/],
    ['symbols of another size', (v) => v.setUint32(at('.symtab') + 56, 16, true), /entries of 16/],
  ]
  it.each(cases)('%s', (what, change, reason) => {
    const bytes = Uint8Array.from(little)
    change(new DataView(bytes.buffer))
    // Without a change of the number of sections, only 16 bits of it are read.
    if (what.includes('billion')) new DataView(bytes.buffer).setUint16(60, 0, true)
    expect(() => readElf(bytes)).toThrow(FormatError)
    expect(() => readElf(bytes)).toThrow(reason)
  })

  it('a relocation of a symbol that is not there', () => {
    const bytes = Uint8Array.from(little)
    const table = sections.find(({ name }) => name === '.rel?xdp')
    new DataView(bytes.buffer).setUint32((table?.offset ?? 0) + 12, 5000, true)
    const elf = readElf(bytes)
    const program = elf.sections.find(({ name }) => name === '?xdp')
    expect(() => program && relocations(elf, program)).toThrow(/symbol 5000/)
  })
})

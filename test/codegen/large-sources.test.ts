import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { readDebugInfo } from '../../src/codegen/debug-info.ts'
import { readSourceInfo } from '../../src/dwarf/source-info.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { SHT_STRTAB } from '../../src/uapi/elf.ts'
import { compiled } from '../dwarf/object-of.ts'

const program = '__attribute__((section("xdp"), used)) int pass(void *c) { return 1; }\n'

const isOwn = (): boolean => true

/** Milliseconds of processor time that reading a source's debug information may take. */
const LIMIT = 6000

function read(source: string) {
  const { elf } = compiled({ 'large.bpf.c': source + program })
  const started = process.cpuUsage()
  const info = readSourceInfo(elf, { isOwn, readFile: (file) => readFileSync(file, 'utf8') })
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1000).toBeLessThan(LIMIT)
  return info
}

/** clang itself takes half a minute for thrice as many members. */
const numbers = Array.from({ length: 20_000 }, (_, index) => index)

describe('thousands of names on one line', () => {
  it('are members', () => {
    const members = numbers.map((index) => `int m${index};`).join(' ')
    const { declarations } = read(`struct big { ${members} /* the last */ };\nstruct big *big;\n`)
    expect(declarations.get('big.m0')).toMatchObject({ place: { line: 1, column: 18 } })
    expect(declarations.get('big.m19999')).toMatchObject({ doc: 'the last', place: { line: 1 } })
  })

  it('are members of one declaration, whose comment is about all of them', () => {
    const members = numbers.map((index) => `m${index}`).join(', ')
    const { declarations } = read(
      `struct big {\n\t/* above */\n\tint ${members}; // behind\n\tint other;\n};\nstruct big *big;\n`,
    )
    for (const name of ['m0', 'm9999', 'm19999']) {
      expect(declarations.get(`big.${name}`)?.doc).toBe('above\nbehind')
    }
    expect(declarations.get('big.other')?.doc).toBeUndefined()
  })

  it('are constants of an enum', () => {
    const constants = numbers.map((index) => `E${index}`).join(', ')
    const { declarations } = read(`enum big { ${constants} };\n`)
    expect(declarations.get('E19999')).toMatchObject({ place: { line: 1 } })
    expect(declarations.get('E19999')?.doc).toBeUndefined()
  })
})

it('a macro of more than 64 kB is a string as any other', () => {
  const text = 'x'.repeat(70_000)
  const { macros } = read(`#define TEXT "${text}"\n#define ONE 1\n`)
  expect(macros.map(({ name, value }) => [name, value])).toEqual([
    ['TEXT', text],
    ['ONE', 1],
  ])
})

describe('names that share one megabyte', () => {
  const long = 'n'.repeat(1 << 20)

  it('cost the source information where DWARF has them, with one warning', () => {
    const members = numbers.slice(0, 3000).map((index) => `int m${index};`)
    const { elf } = compiled(
      { 'large.bpf.c': `struct big { ${members.join(' ')} };\n${program}` },
      ['-gdwarf-4'],
    )
    // Every member's name is found in the long one.
    const sections = elf.sections.map((section) => {
      if (section.name !== '.debug_str') return section
      const end = section.data.length - 1
      const data = Buffer.from(section.data)
      for (let at = 0; at < end; at++) if (data[at] === 0) data[at] = 0x5f
      return { ...section, data: Buffer.concat([data.subarray(0, end), Buffer.from(`${long}\0`)]) }
    })
    const before = process.memoryUsage().rss
    const { info, warnings } = readDebugInfo(
      { ...elf, sections },
      { isOwn, readFile: () => undefined },
    )
    expect(info).toBeUndefined()
    expect(warnings).toMatchObject([{ message: expect.stringContaining('strings that overlap') }])
    expect(process.memoryUsage().rss - before).toBeLessThan(800 << 20)
  })

  it('are refused in BTF', () => {
    const strings = Buffer.from(`\0${long}\0`)
    const types = Buffer.alloc(3000 * 12)
    // Forward declarations (BTF_KIND_FWD, 7), each with a name one byte further on.
    for (let index = 0; index < 3000; index++) {
      types.writeUInt32LE(1 + index, index * 12)
      types.writeUInt32LE(7 << 24, index * 12 + 4)
    }
    const header = Buffer.alloc(24)
    header.writeUInt16LE(0xeb9f)
    header.writeUInt8(1, 2)
    for (const [at, value] of [24, 0, types.length, types.length, strings.length].entries()) {
      header.writeUInt32LE(value, 4 + at * 4)
    }
    const bytes = new Uint8Array(Buffer.concat([header, types, strings]))
    expect(() => readBtf(bytes)).toThrow(FormatError)
    expect(() => readBtf(bytes)).toThrow('names have more than')
  })

  it('are refused in ELF', () => {
    const { bytes, elf } = compiled({ 'large.bpf.c': program })
    const names = elf.sections.find(
      ({ type, index }) => type === SHT_STRTAB && elf.sections.some(({ link }) => link === index),
    )
    const table = elf.sections.find(({ link }) => link === names?.index)
    if (!names || !table) throw new Error('the object has no symbols')
    const symbols = Buffer.alloc(3000 * 24)
    for (let index = 1; index < 3000; index++) symbols.writeUInt32LE(index, index * 24)
    const strings = Buffer.from(`\0${long}\0`)
    const file = Buffer.concat([bytes, symbols, strings])
    const headers = Number(bytes.readBigUInt64LE(40))
    const move = (index: number, offset: number, size: number) => {
      file.writeBigUInt64LE(BigInt(offset), headers + index * 64 + 24)
      file.writeBigUInt64LE(BigInt(size), headers + index * 64 + 32)
    }
    move(table.index, bytes.length, symbols.length)
    move(names.index, bytes.length + symbols.length, strings.length)
    // The names of sections are in the same table.
    expect(() => readElf(file)).toThrow(/symbols have more than \d+ characters in all/)
  })
})

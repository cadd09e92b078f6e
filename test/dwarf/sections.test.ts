import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'

import { describe, expect, it, onTestFinished } from 'vitest'

import { readSourceInfo, type SourceInfo } from '../../src/dwarf/source-info.ts'
import { readElf, type Elf, type Section } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { isRelocations } from '../../src/elf/relocations.ts'
import { Elf64_Rel } from '../../src/uapi/elf-records.ts'
import { SHF_COMPRESSED } from '../../src/uapi/elf.ts'
import { compiled } from './object-of.ts'

const files = {
  'program.bpf.c': `#include "event.h"
#define LIMIT 5
struct event first, last;
__attribute__((section("xdp"), used)) int program(void *ctx) { first.kind = last.kind = BUSY; return LIMIT; }
`,
  'event.h': `enum kind { IDLE, BUSY = 4 };
struct event { int pid; char comm[16]; enum kind kind; };
#define NAME "event"
`,
}

const readFile = () => undefined
const read = (elf: Elf): SourceInfo => readSourceInfo(elf, { isOwn: () => true, readFile })

/** What two compilers say alike of one source. */
function summary({ types, macros, declarations }: SourceInfo) {
  return {
    types: types.map(({ name }) => name).toSorted(),
    macros: macros.map(({ name, value }) => [name, value]).toSorted(),
    declarations: [...declarations.keys()].toSorted(),
  }
}

const expected = () => summary(read(compiled(files).elf))

const withData = (elf: Elf, change: (section: Section) => Partial<Section> | undefined): Elf => ({
  ...elf,
  sections: elf.sections.map((section) => Object.assign({}, section, change(section))),
})

/** The same object with another number for each type of relocation in its debug information. */
function renumbered(elf: Elf, numbers: Readonly<Record<number, number>>): Elf {
  return withData(elf, (section) => {
    if (!isRelocations(section) || !section.name.includes('.debug_')) return undefined
    const data = section.data.slice()
    const view = new DataView(data.buffer)
    for (let entry = 0; entry < data.length; entry += Elf64_Rel.size) {
      const type = view.getUint32(entry + 8, elf.littleEndian)
      view.setUint32(entry + 8, numbers[type] ?? type, elf.littleEndian)
    }
    return { data }
  })
}

/** With addresses in .debug_info, where a relocation changes bytes; DWARF 5 has them in a section that is not read. */
const addressed = (): Elf => compiled(files, ['-gdwarf-4']).elf

const isDebug = ({ name }: Section) => /^\.debug_(?!frame|addr|loclists)/.test(name)

describe('debug information', () => {
  it('of LLVM names the types, macros and declarations of the source', () => {
    expect(expected()).toMatchObject({
      types: ['event', 'kind'],
      macros: [
        ['LIMIT', 5],
        ['NAME', 'event'],
      ],
    })
  })

  // Before version 13, clang gave its offsets the number of a call, and its addresses that of a load.
  it('is read with the relocations of clang before version 13', () => {
    const elf = renumbered(addressed(), { 2: 1, 3: 10, 4: 10 })
    expect(summary(read(elf))).toEqual(expected())
  })

  it('is read with the relocations of older binutils', () => {
    const elf = renumbered(addressed(), { 2: 12, 3: 11, 4: 11 })
    expect(summary(read(elf))).toEqual(expected())
  })

  const noGcc = lackOfGcc()
  it.skipIf(noGcc)(`is read as GCC writes it${noGcc}`, () => {
    const elf = readElf(compiledByGcc())
    expect(elf.sections.filter(({ name }) => name === '.debug_macro').length).toBeGreaterThan(1)
    expect(summary(read(elf))).toEqual(expected())
  })

  it('with a relocation that nobody knows is refused', () => {
    const elf = renumbered(addressed(), { 3: 99 })
    expect(() => read(elf)).toThrow(/^DWARF, byte \d+: cannot apply relocation type 99 at byte/)
  })
})

/** One section with the header of a compressed one: type, size. */
function claiming(type: number, size: number, data: Uint8Array): Elf {
  return withData(compiled(files).elf, (section) => {
    if (section.name !== '.debug_str') return undefined
    const header = Buffer.alloc(24)
    header.writeUInt32LE(type)
    header.writeBigUInt64LE(BigInt(size), 8)
    return { flags: section.flags | SHF_COMPRESSED, data: Buffer.concat([header, data]) }
  })
}

const bomb = () => zlib.deflateSync(Buffer.alloc(64 << 20))

describe('compressed debug information', () => {
  it.each(['-gdwarf-5', '-gdwarf-4'])('is read as clang -gz=zlib writes it with %s', (version) => {
    const { elf } = compiled(files, ['-gz=zlib', version])
    expect(elf.sections.some(({ flags }) => (flags & SHF_COMPRESSED) !== 0)).toBe(true)
    expect(summary(read(elf))).toEqual(expected())
  })

  it('is read as clang -gz=zstd writes it, where Node can', () => {
    const { elf } = compiled(files, ['-gz=zstd'])
    if ('zstdDecompressSync' in zlib) expect(summary(read(elf))).toEqual(expected())
    else expect(() => read(elf)).toThrow(/\.debug_abbrev: it is compressed with zstd, which Node/)
  })

  it("is read as GNU's tools wrote it before ELF had a form", () => {
    const { elf } = compiled(files)
    const old = withData(elf, (section) => {
      if (!isDebug(section)) return undefined
      const size = Buffer.alloc(8)
      size.writeBigUInt64BE(BigInt(section.data.length))
      const data = Buffer.concat([Buffer.from('ZLIB'), size, zlib.deflateSync(section.data)])
      return { name: section.name.replace('.debug', '.zdebug'), data }
    })
    expect(summary(read(old))).toEqual(expected())
  })

  it.each<[string, () => Elf, RegExp]>([
    ['claims less than it holds', () => claiming(1, 100, bomb()), /cannot be decompressed/],
    ['claims more than it holds', () => claiming(1, 100 << 20, bomb()), /has 67108864 bytes/],
    ['claims more than is read', () => claiming(1, 2 ** 40, bomb()), /more than are read/],
    ['is no zlib', () => claiming(1, 100, Buffer.from('no zlib')), /cannot be decompressed/],
    ['is of an unknown form', () => claiming(7, 100, bomb()), /in unknown form 7/],
    [
      'ends in its header',
      () =>
        withData(compiled(files).elf, ({ name, flags }) =>
          name === '.debug_str'
            ? { flags: flags | SHF_COMPRESSED, data: Buffer.alloc(9) }
            : undefined,
        ),
      /^DWARF, byte/,
    ],
  ])('is refused when it %s', (_, elf, message) => {
    const before = process.memoryUsage().arrayBuffers
    expect(() => read(elf())).toThrow(FormatError)
    expect(() => read(elf())).toThrow(message)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(400 << 20)
  })
})

function lackOfGcc(): string {
  try {
    execFileSync('bpf-gcc', ['--version'], { stdio: 'ignore' })
    return ''
  } catch {
    return " (needs GCC's BPF back end; Debian: gcc-bpf)"
  }
}

function compiledByGcc(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'dwarf-gcc-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const flags = ['-O2', '-g3', '-gdwarf', '-c', 'program.bpf.c', '-o', 'program.o']
  execFileSync('bpf-gcc', flags, { cwd: folder, stdio: 'pipe' })
  return readFileSync(join(folder, 'program.o'))
}

import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { readElfFile, withFile } from '../../../src/runtime/symbols/elf-file.ts'
import { elfFunctions } from '../../../src/runtime/symbols/elf-functions.ts'
import { elfNotes } from '../../../src/runtime/symbols/elf-notes.ts'
import { readImage } from '../../../src/runtime/symbols/image.ts'
import { parsePerfMap } from '../../../src/runtime/symbols/perf-map.ts'

const SHT_SYMTAB = 2
const SHT_STRTAB = 3

interface Claim {
  readonly type: number
  readonly offset: number
  readonly size: number
  readonly link?: number
}

/** Makes a sparse ELF file whose sections are as long as they claim; the disk holds the headers alone. */
function elfClaiming(
  sections: readonly Claim[],
  content: readonly [number, Buffer][] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-elf-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'file')
  const header = Buffer.alloc(64 + sections.length * 64)
  header.write('\u007fELF\u0002\u0001\u0001', 'latin1')
  header.writeBigUInt64LE(64n, 40)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(sections.length, 60)
  for (const [index, { type, offset, size, link = 0 }] of sections.entries()) {
    const at = 64 + index * 64
    header.writeUInt32LE(type, at + 4)
    header.writeBigUInt64LE(BigInt(offset), at + 24)
    header.writeBigUInt64LE(BigInt(size), at + 32)
    header.writeUInt32LE(link, at + 40)
  }
  writeFileSync(file, header)
  const fd = openSync(file, 'r+')
  for (const [offset, bytes] of content) writeSync(fd, bytes, 0, bytes.length, offset)
  ftruncateSync(fd, Math.max(...sections.map(({ offset, size }) => offset + size)))
  closeSync(fd)
  return file
}

/** Runs within a bound of processor time (ms) and memory (bytes). */
function bounded<T>(run: () => T): T {
  const [started, before] = [process.cpuUsage(), process.memoryUsage().rss]
  const result = run()
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1000).toBeLessThan(2000)
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20)
  return result
}

const find = (file: string) =>
  withFile(file, ({ bytes }) => readImage(bytes, '', file)?.find(0x1000))

it('a sparse file that claims 400 MB of symbols costs next to nothing', () => {
  const file = elfClaiming([
    { type: SHT_SYMTAB, offset: 1 << 16, size: 400 << 20, link: 1 },
    { type: SHT_STRTAB, offset: 1 << 16, size: 400 << 20 },
  ])
  expect(bounded(() => find(file))).toBeUndefined()
})

it('the symbols of a file with 1,000 symbol tables are read once', () => {
  const table = { type: SHT_SYMTAB, offset: 1 << 17, size: 15 << 20, link: 0 }
  const file = elfClaiming(Array.from({ length: 1000 }, () => table))
  expect(bounded(() => find(file))).toBeUndefined()
})

it('functions whose names share one megabyte are counted within bounded time', () => {
  const count = 100_000
  const symbols = Buffer.alloc(count * 24)
  for (let index = 0; index < count; index++) {
    symbols.writeUInt32LE(1 + index, index * 24)
    symbols.writeUInt8(2, index * 24 + 4)
    symbols.writeUInt16LE(1, index * 24 + 6)
  }
  const names = Buffer.from(`\0${'n'.repeat(1 << 20)}\0`)
  const [symbolsAt, namesAt] = [1 << 16, (1 << 16) + symbols.length]
  const file = elfClaiming(
    [
      { type: SHT_SYMTAB, offset: symbolsAt, size: symbols.length, link: 1 },
      { type: SHT_STRTAB, offset: namesAt, size: names.length },
    ],
    [
      [symbolsAt, symbols],
      [namesAt, names],
    ],
  )
  const functions = bounded(() =>
    withFile(file, ({ bytes }) => {
      const elf = readElfFile(bytes)
      return elf && elfFunctions(elf, () => false)
    }),
  )
  expect(functions).toEqual({ matching: [], count })
})

it('notes that claim 4 GB end the list', () => {
  const notes = Buffer.alloc(32)
  notes.writeUInt32LE(0xffff_fff0, 0)
  notes.writeUInt32LE(0xffff_fff0, 4)
  // Were the sizes taken for negative ones, the second note would be the first again.
  const found = bounded(() => [...elfNotes(notes, true)])
  expect(found.map(({ content }) => content.length)).toEqual([0])
})

it('section headers that claim 4 GB of a sparse file are not read', () => {
  const file = elfClaiming([{ type: SHT_STRTAB, offset: 1 << 16, size: 5 * 2 ** 30 }])
  const fd = openSync(file, 'r+')
  // e_shentsize and e_shnum
  writeSync(fd, Buffer.from([0xff, 0xff, 0xf0, 0xfe]), 0, 4, 58)
  closeSync(fd)
  const elf = bounded(() => withFile(file, ({ bytes }) => readElfFile(bytes)))
  expect(elf?.sections).toEqual([])
})

it('a perf map of one line without end has no symbols', () => {
  const table = bounded(() => parsePerfMap(Buffer.alloc(64 << 20, 'a')))
  expect(table.size).toBe(0)
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { readElf, relocations, type Elf } from '../../src/elf/elf.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { fixture, objectOf } from './object-of.ts'

const source = fixture('program.bpf.c', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'strip-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What each section's relocations say, by names instead of numbers. */
function relocationNames(elf: Elf): Record<string, unknown[]> {
  const named = elf.sections.map((section) => [
    section.name,
    relocations(elf, section).map(({ offset, type, addend, symbol }) => {
      const { name, binding, value, size } = symbol
      return [offset, type, addend, name, binding, value, size, elf.sections[symbol.section]?.name]
    }),
  ])
  return Object.fromEntries(named)
}

/** A skeleton without the object that is embedded in it. */
function skeleton(object: Uint8Array): string {
  const file = join(folder, 'object.o')
  writeFileSync(file, object)
  const header = execFileSync('bpftool', ['gen', 'skeleton', file], { encoding: 'utf8' })
  return header.replace(/\*sz = \d+/, '').replace(/"\\\n(\\x|\\0)[^]*?";\n/, '')
}

describe.each(['bpfel', 'bpfeb'] as const)('an object for %s, stripped', (target) => {
  const object = objectOf(source, { target })
  const before = readElf(object)
  const stripped = stripDebug(object)
  const after = readElf(stripped)

  it('has no debug information', () => {
    expect(before.sections.some(({ name }) => name.includes('debug'))).toBe(true)
    expect(after.sections.filter(({ name }) => name.includes('debug'))).toEqual([])
    expect(Buffer.from(stripped).includes('debug')).toBe(false)
    expect(stripped.length).toBeLessThan(object.length * 0.7)
  })

  it('has every other section as it was', () => {
    const kept = before.sections.filter(
      ({ name, type }) => !/debug|addrsig|symtab|strtab/.test(name) && type !== 9,
    )
    for (const { name, type, flags, size, align, data } of kept) {
      const section = after.sections.find((section) => section.name === name)
      expect(section, name).toMatchObject({ type, flags, size, align })
      expect(Buffer.compare(section?.data ?? new Uint8Array(), data), name).toBe(0)
    }
  })

  it('relocates the same places with the same symbols', () => {
    const old = relocationNames(before)
    for (const [name, entries] of Object.entries(relocationNames(after))) {
      expect(entries, name).toEqual(old[name])
    }
    expect(relocationNames(after)['?xdp']).not.toEqual([])
  })

  it('keeps local symbols before the others, and says how many', () => {
    const table = after.sections.find(({ name }) => name === '.symtab')
    const locals = after.symbols.filter(({ binding }) => binding === 'local')
    expect(table?.info).toBe(locals.length)
    expect(after.symbols.slice(0, locals.length)).toEqual(locals)
  })

  it('is the same each time, and when stripped again', () => {
    expect(Buffer.compare(stripDebug(object), stripped)).toBe(0)
    expect(Buffer.compare(stripDebug(stripped), stripped)).toBe(0)
  })

  it('leaves the bytes that it was given alone', () => {
    const copy = Buffer.from(object)
    stripDebug(object)
    expect(object.equals(copy)).toBe(true)
  })
})

it('is the same object to libbpf when stripped', () => {
  const object = objectOf(source)
  expect(skeleton(stripDebug(object))).toBe(skeleton(object))
})

function groupMembers(elf: Elf): (string | undefined)[] {
  const section = elf.sections.find(({ name }) => name === '.group')
  if (!section) return []
  const words = new DataView(section.data.slice().buffer)
  // The first word holds flags.
  return Array.from({ length: words.byteLength / 4 - 1 }, (_, index) => {
    return elf.sections[words.getUint32(index * 4 + 4, true)]?.name
  })
}

it('keeps a comdat group together', () => {
  const group = `
.section .text.f,"axG",@progbits,f,comdat
.globl f
f:
.quad 0x95
.section .debug_f,"G",@progbits,f,comdat
.quad f
`
  const before = readElf(objectOf(group, { language: 'assembler' }))
  const after = readElf(stripDebug(before.bytes))
  expect(groupMembers(before)).toEqual(['.text.f', '.debug_f', '.rel.debug_f'])
  expect(groupMembers(after)).toEqual(['.text.f'])
})

it('refuses what is no relocatable object', () => {
  const program = Uint8Array.from(objectOf(source))
  program[16] = 2
  expect(() => stripDebug(program)).toThrow(/relocatable/)
})

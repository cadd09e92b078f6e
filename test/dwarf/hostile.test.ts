import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readSourceInfo } from '../../src/dwarf/source-info.ts'
import type { Elf, Section } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { compiled } from './object-of.ts'

const source = `
#include "own.h"
#define LEVELS (1 << 3)
enum state { IDLE, BUSY = 1ULL << 40 };
struct __attribute__((packed)) record {
	unsigned a : 3; int table[2][3]; struct record *next; int (*call)(int, ...);
	union { float f; char text[4]; };
	long tagged __attribute__((btf_decl_tag("tag")));
};
typedef struct { volatile int v; const char *c; } pair;
struct record first;
__attribute__((section("xdp"), used)) int program(void *ctx) { pair p = { 1, 0 }; return p.v + first.a; }
`

const isOwn = () => true
const readFile = () => undefined

/** Milliseconds of processor time that reading may take. */
const LIMIT = 4000

/** Undefined when it is read; only FormatError may be thrown. */
function errorOf(elf: Elf): FormatError | undefined {
  const started = process.cpuUsage()
  try {
    readSourceInfo(elf, { isOwn, readFile })
    return undefined
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    expect(error.format).toBe('DWARF')
    expect(error.offset).toBeGreaterThanOrEqual(0)
    return error
  } finally {
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(LIMIT)
  }
}

/** The object with the bytes of some sections replaced. */
function withSections(elf: Elf, change: (section: Section) => Uint8Array | undefined): Elf {
  const sections = elf.sections.map((section) => {
    const data = change(section)
    return data ? { ...section, data, size: data.length } : section
  })
  return { ...elf, sections }
}

const isDebug = ({ name }: Section) => name.startsWith('.debug_')

describe.each([['-gdwarf-5'], ['-gdwarf-4'], ['-gdwarf64']])('%s', (flag) => {
  const object = () =>
    compiled({ 'hostile.bpf.c': source, 'own.h': '#define OWN 1\nstruct own { int a; };\n' }, [
      flag,
    ]).elf

  it('says where a reference stands that points nowhere', () => {
    const elf = object()
    const info = elf.sections.find(({ name }) => name === '.debug_info')
    const length = info?.size ?? 0
    const places = Array.from({ length }, (_, start) => {
      const changed = withSections(elf, (section) =>
        section === info ? section.data.slice().fill(0xff, start, start + 4) : undefined,
      )
      const error = errorOf(changed)
      return error?.reason === 'a reference points outside of all units' ? [error.offset] : []
    }).flat()
    expect(places.length).toBeGreaterThan(0)
    expect(Math.max(...places)).toBeLessThan(length)
  })

  it('ends in a FormatError or a result, whatever bytes change', () => {
    const elf = object()
    const change = fc.record({
      section: fc.constantFrom(...elf.sections.filter(isDebug)),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
    })
    let refused = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = withSections(elf, (section) => {
          const mine = changes.filter((change) => change.section === section)
          if (mine.length === 0) return undefined
          const data = section.data.slice()
          for (const { at, value } of mine) data[Math.floor(at * data.length)] = value
          return data
        })
        if (errorOf(changed)) refused++
      }),
      { numRuns: 400 },
    )
    expect(refused).toBeGreaterThan(20)
  })

  it('ends in a FormatError or a result, wherever a section is cut', () => {
    const elf = object()
    for (const target of elf.sections.filter(isDebug)) {
      const step = Math.max(1, Math.floor(target.data.length / 60))
      for (let length = 0; length < target.data.length; length += step) {
        errorOf(
          withSections(elf, (section) =>
            section === target ? target.data.slice(0, length) : undefined,
          ),
        )
      }
    }
    const info = elf.sections.find(({ name }) => name === '.debug_info')
    const half = withSections(elf, (section) =>
      section === info ? info.data.slice(0, 100) : undefined,
    )
    expect(errorOf(half)?.message).toMatch(/^DWARF, byte 0: a unit of \d+ bytes/)
  })
})

/** What no compiler writes: sections made by hand, the rest empty. */
function handmade(sections: Readonly<Record<string, readonly number[]>>): Elf {
  const { elf } = compiled({ 'empty.bpf.c': 'int x;\n' })
  return withSections(elf, ({ name }) =>
    isDebug({ name } as Section) ? Uint8Array.from(sections[name] ?? []) : undefined,
  )
}

const u16 = (value: number) => [value & 0xff, value >> 8]
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)]

/** A DWARF 4 unit of these entries below its own; see `abbreviations`. */
function unit(entries: readonly number[]): number[] {
  const rest = [...u16(4), ...u32(0), 8, 1, ...u32(0), ...entries, 0]
  return [...u32(rest.length), ...rest]
}

/** Bytes of a unit before its first entry. */
const HEADER = 16

const TYPEDEF = 2
const STRUCT = 3
const MEMBER = 4
const ARRAY = 5
const SUBRANGE = 6
const ATOMIC = 7

const abbreviations = [
  [1, 0x11, 1, 0x10, 0x17], // a unit: stmt_list sec_offset
  [TYPEDEF, 0x16, 0, 0x49, 0x13, 0x03, 0x08, 0x3a, 0x0b, 0x3b, 0x0b], // type ref4, name string, decl_file, decl_line
  [STRUCT, 0x13, 1, 0x03, 0x08, 0x0b, 0x0f, 0x3a, 0x0b, 0x3b, 0x0b], // name string, byte_size udata, file, line
  [MEMBER, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x0f, 0x3a, 0x0b, 0x3b, 0x0b], // name, type, location, file, line
  [ARRAY, 0x01, 1, 0x49, 0x13], // type
  [SUBRANGE, 0x21, 0, 0x37, 0x0f], // count udata
  [ATOMIC, 0x47, 0, 0x49, 0x13], // type
].flatMap((abbreviation) => abbreviation.concat(0, 0))

/** A line table of DWARF 4 whose only file is `/a.c`. */
const lineHeader = [1, 1, 1, 0, 1, 1, 0, 0x2f, 0x61, 0x2e, 0x63, 0, 0, 0, 0, 0]
const line = [...u32(6 + lineHeader.length), ...u16(4), ...u32(lineHeader.length), ...lineHeader]

const named = (name: string) => [...name].map((letter) => letter.charCodeAt(0)).concat(0)

function read(entries: readonly number[]) {
  const elf = handmade({
    '.debug_info': unit(entries),
    '.debug_abbrev': [...abbreviations, 0],
    '.debug_line': line,
  })
  return { error: errorOf(elf), elf }
}

describe('hand-made DWARF', () => {
  it('reads what is right', () => {
    const entries = [
      STRUCT,
      ...named('s'),
      8,
      1,
      7,
      MEMBER,
      ...named('m'),
      ...u32(HEADER),
      0,
      1,
      8,
      0,
    ]
    const { elf, error } = read(entries)
    expect(error).toBeUndefined()
    const info = readSourceInfo(elf, { isOwn, readFile })
    expect(info.types).toEqual([{ id: 1, name: 's', place: { file: '/a.c', line: 7 } }])
    expect(info.declarations.get('s.m')).toEqual({ place: { file: '/a.c', line: 8 } })
  })

  it.each<[string, number[]]>([
    ['a typedef of itself', [TYPEDEF, ...u32(HEADER), ...named('t'), 1, 1]],
    ['an atomic of itself', [ATOMIC, ...u32(HEADER), TYPEDEF, ...u32(HEADER), ...named('t'), 1, 1]],
    [
      'a struct in itself',
      [STRUCT, ...named('s'), 8, 1, 1, MEMBER, ...named(''), ...u32(HEADER), 0, 1, 1, 0],
    ],
    [
      'a struct without a name in itself',
      [
        STRUCT,
        ...named(''),
        8,
        1,
        1,
        MEMBER,
        ...named(''),
        ...u32(HEADER),
        0,
        1,
        1,
        MEMBER,
        ...named(''),
        ...u32(HEADER),
        0,
        1,
        1,
        0,
        TYPEDEF,
        ...u32(HEADER),
        ...named('t'),
        1,
        1,
      ],
    ],
    ['a reference past the end', [TYPEDEF, ...u32(0xffff), ...named('t'), 1, 1]],
    ['a reference into the header', [TYPEDEF, ...u32(2), ...named('t'), 1, 1]],
    [
      'a reference between entries',
      [STRUCT, ...named('s'), 8, 1, 1, MEMBER, ...named('m'), ...u32(HEADER + 1), 0, 1, 1, 0],
    ],
    [
      'an array of 2^63 elements',
      [
        ARRAY,
        ...u32(HEADER),
        SUBRANGE,
        0x80,
        0x80,
        0x80,
        0x80,
        0x80,
        0x80,
        0x80,
        0x80,
        0x80,
        1,
        0,
        STRUCT,
        ...named('s'),
        8,
        1,
        1,
        MEMBER,
        ...named('m'),
        ...u32(HEADER),
        0,
        1,
        1,
        0,
      ],
    ],
    ['an unknown abbreviation', [99]],
    ['a list without its end', [STRUCT, ...named('s'), 8, 1, 1]],
  ])('survives %s', (_name, entries) => {
    read(entries)
  })

  it('reads a chain of 50,000 types', () => {
    const entries: number[] = []
    for (let index = 0; index < 50_000; index++) {
      entries.push(TYPEDEF, ...u32(HEADER + entries.length + 9), ...named('t'), 1, 1)
    }
    entries.push(STRUCT, ...named('s'), 8, 1, 1, MEMBER, ...named('m'), ...u32(HEADER), 0, 1, 1, 0)
    const { elf, error } = read(entries)
    expect(error).toBeUndefined()
    // The last typedef is of the struct.
    expect(readSourceInfo(elf, { isOwn, readFile }).btf.types).toHaveLength(50_002)
  })

  it.each([
    ['abbreviations', '.debug_abbrev'],
    ['line tables', '.debug_line'],
  ])('refuses 20,000 units with overlapping %s', (_name, section) => {
    const units: number[] = []
    for (let index = 0; index < 20_000; index++) {
      const [abbreviationOffset, lineOffset] = section === '.debug_abbrev' ? [index, 0] : [0, index]
      const rest = [
        ...u16(4),
        ...u32(abbreviationOffset),
        8,
        1,
        ...u32(lineOffset),
        TYPEDEF,
        ...u32(HEADER),
        ...named('t'),
        1,
        1,
        0,
      ]
      units.push(...u32(rest.length), ...rest)
    }
    const filler = Array.from({ length: 5000 }, () => abbreviations).flat()
    const elf = handmade({
      '.debug_info': units,
      '.debug_abbrev': [...filler, 0],
      '.debug_line': Array.from({ length: 1000 }, () => line).flat(),
    })
    expect(errorOf(elf)).toBeInstanceOf(FormatError)
  })
})

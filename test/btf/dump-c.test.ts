import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { readBtf, readBtfOf, type RawBtf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { fixture, objectOf } from '../elf/object-of.ts'
import { btfBytes, kinds } from './btf-bytes.ts'

const VMLINUX = '/sys/kernel/btf/vmlinux'
const source = fixture('types.c', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'dump-c-'))
afterAll(() => rmSync(folder, { recursive: true }))

function btfOf(object: Uint8Array): RawBtf {
  const btf = readBtfOf(readElf(object))
  if (!btf) throw new Error('clang wrote no BTF')
  return btf
}

/** Without what versions of bpftool put around the definitions: directives and their comments. */
function definitions(header: string): string[] {
  return header
    .split('\n\n')
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph && !/^(#|\/\*)/.test(paragraph))
}

/** One assertion a struct or union: as large in C as BTF says. */
function assertions(btf: RawBtf, header: string): string[] {
  const sizes = new Map<string, number>()
  for (const type of btf.types) {
    if (type.kind !== 'struct' && type.kind !== 'union') continue
    const tag = `${type.kind} ${type.name}`
    // Of several with one name, the first in the header keeps it: checked where all are as large.
    sizes.set(tag, (sizes.get(tag) ?? type.size) === type.size ? type.size : NaN)
  }
  return [...header.matchAll(/^((?:struct|union) \w+) \{([^]*?)^\}/gm)].flatMap(
    ([, tag = '', body]) => {
      const size = sizes.get(tag) ?? NaN
      // va_list is the compiler's own, and other for BPF.
      return Number.isNaN(size) || body?.includes('va_list')
        ? []
        : [`_Static_assert(sizeof(${tag}) == ${size}, "");\n`]
    },
  )
}

describe('the dump of a C file', () => {
  const object = objectOf(source)
  const btf = btfOf(object)
  const dump = dumpC(btf)

  it('is what bpftool prints, definition by definition', () => {
    const file = join(folder, 'types.o')
    writeFileSync(file, object)
    // 7.1 prints in id order; from 7.5 on it sorts unless told otherwise.
    const help = execFileSync('bpftool', ['btf', 'help'], { encoding: 'utf8', stdio: 'pipe' })
    const order = help.includes('unsorted') ? ['unsorted'] : []
    const wanted = execFileSync('bpftool', ['btf', 'dump', 'file', file, 'format', 'c', ...order])
    expect(definitions(dump)).toEqual(definitions(wanted.toString()))
  })

  it('compiles to types of the same sizes', () => {
    expect(() => objectOf(dump + assertions(btf, dump).join(''))).not.toThrow()
    expect(assertions(btf, dump).length).toBeGreaterThan(8)
  })

  it('leads to the same dump when it is compiled again', () => {
    const globals = [
      'scalars',
      'functions',
      'tree',
      'bits',
      'packed',
      'packed_end',
      'aligned',
      'holes',
    ]
    const uses = globals.map((tag) => `struct ${tag} a_${tag};\n`).join('')
    const again = dumpC(btfOf(objectOf(dump + uses)))
    const wanted = definitions(dump).filter((text) =>
      globals.some((tag) => text.startsWith(`struct ${tag} {`)),
    )
    expect(definitions(again)).toEqual(expect.arrayContaining(wanted))
  })

  it('has the same definitions when sorted, enumerations first', () => {
    const sorted = dumpC(btf, { sort: true })
    const complete = (header: string) =>
      definitions(header).filter((text) => /[}]|typedef/.test(text))
    expect(complete(sorted).toSorted()).toEqual(complete(dump).toSorted())
    const enums = definitions(sorted).map((text) => /^(typedef )?enum/.test(text))
    expect(enums.lastIndexOf(true)).toBe(enums.filter(Boolean).length - 1)
    expect(() => objectOf(sorted + assertions(btf, sorted).join(''))).not.toThrow()
  })
})

describe.skipIf(!existsSync(VMLINUX))('the dump of the running kernel', () => {
  const btf = readBtf(readFileSync(VMLINUX))

  it.each([false, true])('compiles to structs of the same sizes, sorted: %s', (sort) => {
    const header = dumpC(btf, { sort })
    const checks = assertions(btf, header)
    expect(checks.length).toBeGreaterThan(1000)
    expect(() => objectOf(header + checks.join(''))).not.toThrow()
  })
})

describe('of what C allows once', () => {
  it('numbers the second: tags apart from typedefs and enumerators', () => {
    const strings = '\0a\0int\0b\0'
    const types = [
      [3, kinds.int, 4, 32],
      [1, kinds.struct, 0],
      [1, kinds.union, 0],
      [1, kinds.typedef, 1],
      [0, kinds.enum + 2, 4, 1, 1, 7, 2],
      [1, kinds.typedef, 1],
    ]
    expect(definitions(dumpC(readBtf(btfBytes(types, strings))))).toEqual(
      [
        'struct a {}',
        'union a___2 {}',
        'typedef int a',
        'enum {\n\ta___2 = 1,\n\tb = 2,\n}',
        'typedef int a___3',
      ].map((text) => `${text};`),
    )
  })
})

describe('kernel functions', () => {
  const strings = '\0bpf_kfunc\0zoo\0ant\0bpf_fastcall\0int\0n\0'
  const at = (name: string): number => strings.indexOf(`\0${name}\0`) + 1
  const types = [
    [at('int'), kinds.int, 4, 32],
    [0, kinds.funcProto + 1, 1, at('n'), 1],
    [at('zoo'), kinds.func, 2],
    [at('ant'), kinds.func, 2],
    [at('bpf_kfunc'), kinds.declTag, 3, -1],
    [at('bpf_kfunc'), kinds.declTag, 4, -1],
    [at('bpf_fastcall'), kinds.declTag, 3, -1],
  ]
  it('are declared by name', () => {
    const dump = dumpC(readBtf(btfBytes(types, strings)))
    expect(dump).toContain(`/* BPF kfuncs */
#ifndef BPF_NO_KFUNC_PROTOTYPES
extern int ant(int n) __weak __ksym;
extern __bpf_fastcall int zoo(int n) __weak __ksym;
#endif
`)
  })
})

const struct = (size: number, ...members: readonly number[][]): number[] => [
  1,
  kinds.struct + members.length,
  size,
  ...members.flat(),
]
const nameless = (...members: readonly number[][]): number[] => [
  0,
  ...struct(8, ...members).slice(1),
]
const int = [1, kinds.int, 4, 32]
/** 40 types, each of which refers twice to the one behind it. */
const doubling = (type: (next: number) => number[], first = 1): number[][] =>
  Array.from({ length: 40 }, (_, i) => type(first + i + 1))

describe('types that C does not have', () => {
  const cases: [what: string, types: number[][]][] = [
    ['a struct in itself', [int, struct(4, [1, 2, 0])]],
    ['a pointer to itself', [[0, kinds.pointer, 1]]],
    ['a typedef of itself', [[1, kinds.typedef, 1]]],
    ['a const of itself', [[0, kinds.constant, 1]]],
    ['a function that returns itself', [[0, kinds.funcProto, 1]]],
    ['a function that takes itself', [[0, kinds.funcProto + 1, 0, 0, 1]]],
    ['a nameless struct that points to itself', [nameless([1, 2, 0]), [0, kinds.pointer, 1]]],
    [
      'pointers to pointers without end',
      Array.from({ length: 10_000 }, (_, i) => [0, kinds.pointer, (i + 1) % 10_000]),
    ],
    [
      'nameless structs that hold each other in 2^40 ways',
      [struct(8, [1, 2, 0]), ...doubling((next) => nameless([1, next, 0], [1, next, 0]), 2), int],
    ],
    [
      'functions that take each other in 2^40 ways',
      [...doubling((next) => [0, kinds.funcProto + 2, 0, 0, next, 0, next]), int],
    ],
    ['a gap of 256 MB', [[1, kinds.int, 1, 8], struct(2 ** 28 - 1, [1, 1, 0])]],
  ]
  it.each(cases)('%s: refused in bounded time', (_, types) => {
    const btf = readBtf(btfBytes(types, '\0a\0'))
    const start = performance.now()
    expect(() => dumpC(btf)).toThrow(FormatError)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

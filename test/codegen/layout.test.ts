import { execFileSync } from 'node:child_process'

import { describe, expect, it } from 'vitest'

import type { Btf } from '../../src/btf/btf.ts'
import { codec } from '../../src/codec/codec.ts'
import type { Layout } from '../../src/codec/layout.ts'
import { layoutOf, layoutsOf } from '../../src/codegen/layout.ts'
import { objectFrom } from '../object/object-from.ts'
import { assertions } from './assertions.ts'

/** C declarations, and what JavaScript reads of them. */
const cases: [title: string, declaration: string, value: unknown][] = [
  ['int', 'int x = -5;', -5],
  ['unsigned int', '__u32 x = 0xffffffff;', 0xffffffff],
  ['u64', '__u64 x = 1ull << 63;', 2n ** 63n],
  ['long', 'long x = -1;', -1n],
  ['128 bits', 'unsigned __int128 x = (unsigned __int128)5 << 64;', 5n * 2n ** 64n],
  ['u8', '__u8 x = 200;', 200],
  ['char', 'char x = -1;', -1],
  ['bool', 'bool x = 1;', true],
  ['pointer', 'void *x = (void *)0x1234;', 0x1234n],
  ['function pointer', 'typedef int (*callback)(int); callback x = (void *)8;', 8n],
  ['const volatile typedef', 'typedef const volatile short tiny; tiny x = -3;', -3],
  ['js:number', '__u64 x __attribute__((btf_decl_tag("js:number"))) = 1ull << 40;', 2 ** 40],
  [
    'typedef as js:number',
    'typedef __u64 ts __attribute__((btf_decl_tag("js:number"))); ts x = 9;',
    9,
  ],
  ['enum', 'enum state { IDLE, BUSY = 4 } x = BUSY;', 4],
  ['negative enum', 'enum level { LOW = -2, HIGH } x = LOW;', -2],
  ['64-bit enum', 'enum big { BIG = 1ull << 40 } x = BIG;', 2n ** 40n],
  ['enum of a byte', 'enum __attribute__((packed)) flag { ON = 255 } x = ON;', 255],
  ['char[N]', 'char x[8] = "text";', 'text'],
  ['char[N] through typedef and const', 'typedef const char letter; letter x[5] = "a€";', 'a€'],
  ['u8[N]', '__u8 x[3] = { 1, 2, 255 };', Uint8Array.of(1, 2, 255)],
  ['unsigned char[N]', 'unsigned char x[2] = { 1, 2 };', Uint8Array.of(1, 2)],
  ['s8[N]', 'signed char x[2] = { -1, 2 };', [-1, 2]],
  ['bool[N]', 'bool x[2] = { 1, 0 };', [true, false]],
  ['char[M][N]', 'char x[2][4] = { "ab", "cdef" };', ['ab', 'cdef']],
  [
    'int[M][N]',
    'short x[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };',
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ],
  [
    'u64[N] as js:number',
    '__u64 x[2] __attribute__((btf_decl_tag("js:number"))) = { 1, 2 };',
    [1, 2],
  ],
  ['struct', 'struct s { __u8 a; __u32 b; } x = { 1, 2 };', { a: 1, b: 2 }],
  [
    'nested',
    'struct o { struct { short x, y; } at[2]; } x = { { { 1, 2 }, { 3, 4 } } };',
    {
      at: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
    },
  ],
  [
    'packed',
    'struct __attribute__((packed)) p { __u8 a; __u64 b; __u16 c; } x = { 1, 2, 3 };',
    { a: 1, b: 2n, c: 3 },
  ],
  [
    'union',
    'union u { __u32 code; __u8 bytes[4]; } x = { 0x04030201 };',
    { code: 0x04030201, bytes: Uint8Array.of(1, 2, 3, 4) },
  ],
  [
    'anonymous members',
    'struct a { int before; union { int i; struct { short low, high; }; }; } x = { 1, { 0x20001 } };',
    { before: 1, i: 0x20001, low: 1, high: 2 },
  ],
  [
    'bitfields',
    'struct b { __u32 a : 3, b : 5; int c : 4; bool d : 1; __u64 e : 40; } x = { 5, 17, -3, 1, 0x123456789a };',
    { a: 5, b: 17, c: -3, d: true, e: 0x123456789an },
  ],
  [
    'bitfields without a name',
    'struct n { __u8 a : 2; __u8 : 3; __u8 b : 3; } x = { 1, 6 };',
    { a: 1, b: 6 },
  ],
  [
    'bitfields that straddle bytes',
    'struct __attribute__((packed)) t { __u32 a : 7; __u32 b : 18; __u64 c : 60; __u8 d; } x = { 100, 200000, 0xabcdefabcdefabcull, 9 };',
    { a: 100, b: 200000, c: 0xabcdefabcdefabcn, d: 9 },
  ],
  [
    'enum bitfields',
    'enum st { A, B, C }; struct f { enum st s : 2; __u32 rest : 30; } x = { C, 5 };',
    { s: 2, rest: 5 },
  ],
  [
    'a member as js:number',
    'struct j { __u64 t __attribute__((btf_decl_tag("js:number"))); __u64 u; } x = { 5, 6 };',
    { t: 5, u: 6n },
  ],
  [
    'typedef of a struct without a tag',
    'typedef struct { int a; } pair_t; pair_t x = { 8 };',
    { a: 8 },
  ],
  [
    'a list by pointer',
    'struct list { struct list *next; int v; } x = { 0, 3 };',
    { next: 0n, v: 3 },
  ],
  ['float and double', 'struct fd { float f; double d; } x = { 1.5, 2.25 };', { f: 1.5, d: 2.25 }],
  [
    'kernel-owned fields',
    'struct object { int z; }; struct k { struct bpf_spin_lock lock; int v; struct bpf_timer timer[2]; struct object __attribute__((btf_type_tag("kptr"))) *kernel; struct object __attribute__((btf_type_tag("user"))) *user; } x = { .v = 7 };',
    { v: 7, user: 0n },
  ],
]

describe('a C value is read as, and written back from', () => {
  it.each(cases)('%s', (_, declaration, value) => {
    const { layout, bytes } = valueOf(declaration)
    const { decode, encode } = codec(layout)
    expect(decode(bytes)).toEqual(value)
    expect(encode(value as never)).toEqual(bytes)
  })
})

/** `x`, and its bytes in the object. */
function valueOf(declaration: string): { layout: Layout; bytes: Uint8Array } {
  // In a section of data even when it is 0.
  const source = declaration.replace(/(\bx(?:\[\d+\])*)(?= __attribute__| =)/u, '$1 SEC(".data.x")')
  const { btf, elf, sections } = objectFrom(source)
  const variable = sections[0]?.variables.find(({ name }) => name === 'x')
  const data = elf.sections.find(({ name }) => name === '.data.x')?.data
  if (!btf || !variable || !data) throw new Error(`no variable x in: ${source}`)
  const id = btf.types.findIndex(({ kind, name }) => kind === 'var' && name === 'x')
  return { layout: layoutOf(btf, id), bytes: data.slice(0, variable.size) }
}

describe('a layout', () => {
  const source = `
    struct inner { __u8 a; __u64 b; short c[3]; };
    struct __attribute__((packed)) tight { __u8 a; struct inner b; int c; };
    typedef struct { int a; struct { __u8 x; long y; } nested[2][2]; } named_t;
    union both { struct tight t; named_t n; char text[100]; };
    struct __attribute__((aligned(64))) wide { __u8 a; union { int i; struct { char p, q; }; }; enum { ONE } e; };
    struct flexible { int n; struct inner items[]; };
    struct inner a; struct tight b; named_t c; union both d; struct wide e; struct flexible f;
  `

  it("has the C compiler's offsets and sizes", () => {
    const { btf } = objectFrom(source)
    if (!btf) throw new Error('clang wrote no BTF')
    const checks = [
      'struct inner',
      'struct tight',
      'named_t',
      'union both',
      'struct wide',
      'struct flexible',
    ].map((type) => assertions(type, layoutOf(btf, idOf(btf, type))))
    expect(checks.join('').match(/_Static_assert/gu)?.length).toBeGreaterThan(60)
    const program = `#include <linux/types.h>\n#include <stddef.h>\n#define SEC(x)\n${source}\n${checks.join('')}`
    execFileSync('gcc', ['-std=gnu11', '-fsyntax-only', '-x', 'c', '-'], { input: program })
  })

  it('of one type is always the same object', () => {
    const { btf } = objectFrom(source)
    if (!btf) throw new Error('clang wrote no BTF')
    const layouts = layoutsOf(btf)
    const inner = idOf(btf, 'struct inner')
    expect(layouts.of(inner)).toBe(layouts.of(inner))
    expect(layouts.warnings).toEqual([])
  })

  it('is bytes, with a warning, where JavaScript has no form for the type', () => {
    const btf: Btf = {
      littleEndian: true,
      types: [
        { kind: 'void', name: '' },
        { kind: 'float', name: 'long double', size: 16 },
        {
          kind: 'struct',
          name: 's',
          size: 16,
          members: [{ name: 'f', type: 1, bitOffset: 0, bitSize: 0 }],
        },
        {
          kind: 'int',
          name: 'odd',
          size: 3,
          signed: false,
          char: false,
          bool: false,
          bitOffset: 0,
          bits: 24,
        },
        { kind: 'fwd', name: 'later', fwdKind: 'struct' },
      ],
    }
    const layouts = layoutsOf(btf)
    expect(layouts.of(2)).toMatchObject({ members: [{ layout: { kind: 'bytes', length: 16 } }] })
    expect(layouts.of(3, 'variable')).toEqual({ kind: 'bytes', length: 3 })
    expect(layouts.of(4)).toEqual({ kind: 'bytes', length: 0 })
    expect(layouts.warnings).toMatchObject([
      { type: 'struct s', member: 'f' },
      { type: '', subject: 'variable' },
      { reason: 'struct later is declared but not defined' },
    ])
  })

  it('ends for types that contain themselves', () => {
    const btf: Btf = {
      littleEndian: true,
      types: [
        { kind: 'void', name: '' },
        {
          kind: 'struct',
          name: 's',
          size: 8,
          members: [{ name: 'a', type: 2, bitOffset: 0, bitSize: 0 }],
        },
        { kind: 'array', name: '', element: 1, index: 0, length: 1 },
        { kind: 'typedef', name: 't', target: 4 },
        { kind: 'const', name: '', target: 3 },
      ],
    }
    const layouts = layoutsOf(btf)
    expect(layouts.of(1).kind).toBe('struct')
    expect(layouts.of(3)).toEqual({ kind: 'bytes', length: 0 })
    expect(layouts.warnings.map(({ reason }) => reason)).toEqual([
      'struct s contains itself',
      'type 3 refers to itself',
    ])
  })
})

function idOf(btf: Btf, spelling: string): number {
  const [, kind, name] = /^(?:(struct|union) )?(\w+)$/u.exec(spelling) ?? []
  return btf.types.findIndex((type) => type.kind === (kind ?? 'typedef') && type.name === name)
}

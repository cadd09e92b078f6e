import { describe, expect, it } from 'vitest'

import { missingSections } from '../../src/object/missing-sections.ts'
import { ObjectError } from '../../src/object/object-error.ts'
import { objectFrom } from './object-from.ts'

const messages = (source: string): string[] =>
  missingSections(objectFrom(source)).map(({ message }) => message)
const subjects = (source: string): string[] =>
  missingSections(objectFrom(source)).map(({ subject }) => subject)

const definition =
  '__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int);'
const lookup = (map: string) => `int k = 0; return bpf_map_lookup_elem(&${map}, &k) != 0;`

const dropped = (section: string) =>
  `maps in SEC("${section}") are a form that libbpf 1.0 dropped: declare them in SEC(".maps") with __uint and __type`

describe('a function without SEC()', () => {
  it('that nothing calls is told', () => {
    const source = `int lost(void *c) { return 1; } SEC("xdp") int pass(void *c) { return 2; }`
    expect(messages(source)).toEqual([
      'function lost has no SEC() and nothing calls it, so it is never loaded: name its kind in SEC("…"), or declare it static',
    ])
    expect(subjects('int one(void *c) { return 1; } int two(void *c) { return 1; }')).toEqual([
      'one',
      'two',
    ])
  })

  const random = 'bpf_get_prandom_u32()'
  it.each([
    [
      'is called from a program',
      `__noinline int f(int x) { return x + ${random}; } SEC("xdp") int pass(void *c) { return f(1) + f(2); }`,
    ],
    [
      'is called from another function',
      `__noinline int f(int x) { return x + ${random}; } static __noinline int g(int x) { return f(x) + f(${random}); } SEC("xdp") int pass(void *c) { return g(1) + g(2); }`,
    ],
    [
      'is a callback',
      `long f(__u32 i, void *c) { return 0; } SEC("xdp") int pass(void *c) { return bpf_loop(3, f, 0, 0); }`,
    ],
    [
      'is static',
      `static __attribute__((used)) int f(int x) { return x; } SEC("xdp") int pass(void *c) { return 2; }`,
    ],
    [
      'is weak or hidden, for a linker',
      `__weak int f(int x) { return x; } __hidden int g(int x) { return x; } SEC("xdp") int pass(void *c) { return 2; }`,
    ],
  ])('is right where it %s', (_, source) => {
    expect(messages(source)).toEqual([])
  })
})

describe('a map elsewhere than in SEC(".maps")', () => {
  it.each([
    ['.bss', `struct { ${definition} } counts;`],
    ['.data', `struct { ${definition} } counts SEC(".data");`],
    ['.bss', `struct counts_map { ${definition} }; struct counts_map counts;`],
    ['.bss', `typedef struct { ${definition} } counts_map; counts_map counts;`],
  ])('is told: in %s, %s', (section, declaration) => {
    const source = `${declaration} SEC("xdp") int pass(void *c) { ${lookup('counts')} }`
    expect(messages(source)).toEqual([
      `counts is declared like a map, but lies in ${section}, where it is a variable: write SEC(".maps") behind its name`,
    ])
  })

  it('is none where a variable merely has a member named type', () => {
    const source = `struct { int type; int *ptr; } a; struct { int *type; } b; struct { char *(*type)[3]; } c;
      SEC("xdp") int pass(void *x) { return a.type + (long)b.type + (long)c.type; }`
    expect(messages(source)).toEqual([])
  })

  const legacy = 'struct bpf_map_def { int type, key_size, value_size, max_entries; };'

  it.each(['maps', 'maps/counts'])('is refused in the dropped form, SEC("%s")', (section) => {
    const source = `${legacy} struct bpf_map_def counts SEC("${section}") = {2, 4, 4, 1}; SEC("xdp") int pass(void *c) { ${lookup('counts')} }`
    expect(() => objectFrom(source)).toThrow(ObjectError)
    expect(() => objectFrom(source)).toThrow(dropped(section))
  })

  it('is told in the dropped form, where nothing uses it', () => {
    const source = `${legacy} struct bpf_map_def counts SEC("maps/counts") = {2, 4, 4, 1}; SEC("xdp") int pass(void *c) { return 2; }`
    expect(messages(source)).toEqual([dropped('maps/counts')])
    expect(subjects(source)).toEqual(['counts'])
  })

  it('is refused in a section that libbpf does not know, once code uses it', () => {
    const source = `struct { ${definition} } counts SEC("my_maps"); SEC("xdp") int pass(void *c) { ${lookup('counts')} }`
    expect(() => objectFrom(source)).toThrow(
      'pass uses counts in SEC("my_maps"): maps are declared in SEC(".maps")',
    )
  })
})

describe('a variable of a section that libbpf does not know', () => {
  it.each([
    ['int total', ' = 1', '.data.mine'],
    ['const volatile int total', ' = 1', '.rodata.mine'],
  ])('is refused once code uses it: %s', (declaration, value, section) => {
    const source = `${declaration} SEC("mine")${value}; SEC("xdp") int pass(void *c) { return *(volatile int *)&total; }`
    expect(() => objectFrom(source)).toThrow(ObjectError)
    expect(() => objectFrom(source)).toThrow(
      `pass uses total in SEC("mine"): libbpf makes no map of that section: write SEC("${section}")`,
    )
  })

  it('is refused in a function that programs call, too', () => {
    const source = `int total SEC("mine") = 1; static __noinline int f(int x) { return total += x; } SEC("xdp") int pass(void *c) { return f(1) + f(2); }`
    expect(() => objectFrom(source)).toThrow('f uses total in SEC("mine")')
  })
})

import { describe, expect, it } from 'vitest'

import { typeAt } from '../../src/btf/btf.ts'
import { ObjectError } from '../../src/object/object-error.ts'
import { objectFrom } from './object-from.ts'

const program = 'SEC("xdp") int pass(void *ctx) { return 2; }'

const map = (fields: string, name = 'm') => `struct { ${fields} } ${name} SEC(".maps");`

describe('a map in SEC(".maps")', () => {
  it('says its sizes, or its types', () => {
    const { btf, maps } = objectFrom(`
      struct key { __u32 pid; char comm[16]; };
      ${map('__uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 100); __type(key, struct key); __type(value, __u64);', 'typed')}
      ${map('__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __uint(key_size, 4); __uint(value_size, 24);', 'sized')}
    `)
    expect(maps).toMatchObject([
      { name: 'typed', type: 'LRU_HASH', keySize: 20, valueSize: 8, maxEntries: 100 },
      { name: 'sized', type: 'ARRAY', keySize: 4, valueSize: 24, key: undefined, value: undefined },
    ])
    expect(btf && typeAt(btf, maps[0]?.key ?? 0)).toMatchObject({ kind: 'struct', name: 'key' })
  })

  it('may have every other attribute', () => {
    const { maps } = objectFrom(
      map(`__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, int); __type(value, int);
        __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY); __uint(pinning, LIBBPF_PIN_BY_NAME);
        __uint(numa_node, 1); enum { map_extra = 0x123456789abcdef } *unused; `) +
        map(
          '__uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(map_extra, 3); __uint(max_entries, 9); __type(value, __u32);',
          'bloom',
        ),
    )
    expect(maps).toMatchObject([
      { flags: 1 | 8, pinning: 'by_name', numaNode: 1 },
      { type: 'BLOOM_FILTER', mapExtra: 3n, numaNode: undefined, pinning: 'none' },
    ])
  })

  it('may hold maps, and have their addresses written into it', () => {
    const { maps } = objectFrom(`
      struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); };
      struct inner first SEC(".maps");
      struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32); __array(values, struct inner); }
        outer SEC(".maps") = { .values = { [1] = &first } };
    `)
    expect(maps.map(({ name, valueSize }) => [name, valueSize])).toEqual([
      ['first', 8],
      ['outer', 4],
    ])
    expect(maps[1]?.inner).toMatchObject({ name: 'outer.inner', type: 'ARRAY', maxEntries: 4 })
    expect(maps[0]?.inner).toBeUndefined()
  })

  it('may hold programs', () => {
    const { maps } = objectFrom(`
      int target(void *ctx);
      struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __uint(key_size, 4); __array(values, int (void *)); }
        jumps SEC(".maps") = { .values = { [0] = (void *)&target } };
      SEC("xdp") int target(void *ctx) { return 2; }
    `)
    expect(maps).toMatchObject([
      { name: 'jumps', type: 'PROG_ARRAY', valueSize: 4, inner: undefined },
    ])
  })

  it('comes in the order of the section, which symbols give', () => {
    const names = ['zebra', 'ant', 'mouse']
    const uint =
      '__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int);'
    const { maps } = objectFrom(names.map((name) => map(uint, name)).join('\n'))
    expect(maps.map(({ name }) => name)).toEqual(names)
  })

  it('is the same in either byte order', () => {
    const source = map('__uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096);') + program
    expect(objectFrom(source, 'bpfeb').maps).toEqual(objectFrom(source).maps)
  })
})

describe('a declaration that libbpf refuses', () => {
  const type = '__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1);'
  it.each([
    ['no type', map('__uint(max_entries, 1);'), 'map m has no type'],
    [
      'two key sizes',
      map(`${type} __uint(key_size, 4); __type(key, __u64);`),
      'map m: key: it is 8 bytes here and 4 bytes elsewhere',
    ],
    ['a plain number', map('int type;'), 'map m: write type as __uint(type, …)'],
    [
      'a key without size',
      map(`${type} __type(key, struct nowhere);`),
      'map m: key: its type has no size',
    ],
    [
      'values of a hash',
      map(`${type} __array(values, int (void *));`),
      'map m: values: only maps of maps or programs have values',
    ],
    ['no struct', 'int m SEC(".maps");', 'map m is not declared as a struct'],
    [
      'a static map',
      `static ${map(type)} SEC("xdp") void *f(void *ctx) { return &m; }`,
      'map m is static or hidden',
    ],
    [
      'two arenas',
      map('__uint(type, 33);', 'one') + map('__uint(type, 33);', 'two'),
      'map two is a second arena',
    ],
  ])('%s', (_, source, message) => {
    expect(() => objectFrom(source)).toThrow(ObjectError)
    expect(() => objectFrom(source)).toThrow(message)
  })

  it('the form that libbpf 1.0 dropped', () => {
    expect(() => objectFrom('struct { int type, size; } old SEC("maps") = { 1, 4 };')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('declare them in SEC(".maps")'),
        subject: 'old',
      }),
    )
  })
})

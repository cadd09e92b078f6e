import { describe, expect, it } from 'vitest'

import { build } from './project.ts'

const map = (type: string, key: string): string => `
struct key { ${key} };
struct {
	__uint(type, BPF_MAP_TYPE_${type}); __uint(max_entries, 1); __uint(map_flags, ${type === 'LPM_TRIE' ? 1 : 0});
	__type(key, struct key); __type(value, __u64);
} counts SEC(".maps");
SEC("xdp") int p(void *c) { return 1; }`

const warningsOf = async (source: string): Promise<(string | number | undefined)[][]> =>
  (await build(source)).diagnostics.map(({ message, line }) => [message, line])

describe('a hash key with padding', () => {
  it.each([
    ['between members', '__u8 a; __u32 b;'],
    ['at the end', '__u32 a; __u8 b;'],
    ['inside a member', 'struct { __u8 a; __u16 b; } in; __u32 c;'],
    ['inside an array', 'struct { __u16 a; __u8 b; } in[2];'],
    ['beside a bitfield', '__u32 a : 31;'],
    ['between bitfields', '__u32 a : 3; __u32 : 5; __u32 b : 24;'],
    ['in a union', 'union { __u32 a; struct { __u8 b; __u16 c; } d; };'],
  ])('%s is warned of, at the map', async (_, key) => {
    expect(await warningsOf(map('HASH', key))).toEqual([
      [expect.stringMatching(/^the key of map counts has padding: .* zero the whole key/u), 10],
    ])
  })

  it.each(['LRU_HASH', 'PERCPU_HASH', 'LRU_PERCPU_HASH', 'LPM_TRIE'])('of %s too', async (type) => {
    expect(await warningsOf(map(type, '__u32 a; __u8 b;'))).toHaveLength(1)
  })

  it('of an inner map too', async () => {
    const source = map('HASH', '__u32 a; __u32 b;').replace(
      'SEC("xdp")',
      `struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 1); __uint(key_size, 4);
	__array(values, struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1);
		__type(key, struct { __u32 a; __u8 b; }); __type(value, __u64); }); } outer SEC(".maps");
SEC("xdp")`,
    )
    expect(await warningsOf(source)).toEqual([
      [expect.stringMatching(/^the key of map outer.inner has padding/u), expect.any(Number)],
    ])
  })

  it.each([
    ['has none', map('HASH', '__u32 a; __u16 b, c; __u8 d[4];')],
    ['is packed', map('HASH', '__u8 a; __u32 b;').replace('};\n', '} __attribute__((packed));\n')],
    ['has bitfields that fill it', map('HASH', '__u32 a : 3, b : 29;')],
    ['is a value', map('HASH', '__u32 a;').replace('__u64', 'struct { __u8 a; __u32 b; }')],
    ['is no struct', map('HASH', '__u8 a;').replace('(key, struct key)', '(key, __u64)')],
  ])('is not, where it %s', async (_, source) => {
    expect(await warningsOf(source)).toEqual([])
  })
})

it('a type that becomes bytes is warned of, at the member', async () => {
  expect(
    await warningsOf(`
struct wave {
	int length;
	_Complex float
		phase;
};
struct wave wave;
SEC("xdp") int p(void *c) { return 1; }`),
  ).toEqual([
    ['member phase of struct wave becomes bytes in JavaScript: BTF does not describe its type', 9],
  ])
})

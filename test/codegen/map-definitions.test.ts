import { expect, it } from 'vitest'

import { build } from './project.ts'

const definition =
  '__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct record);'

it('what only declares a map is no type of the program', async () => {
  const { model, diagnostics } = await build(`
struct record { int a; };
struct events { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct inner { ${definition} };
struct never_used { ${definition} };
typedef struct { ${definition} enum { a_number = 5 } map_extra; } counts_map;
counts_map counts SEC(".maps");
struct { ${definition} enum { another_number = 6 } map_extra; } plain SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32);
	__array(values, struct inner); } outer SEC(".maps");
enum { SHOWN = 7 };
struct like_a_map { int *type; int (*max_entries)[3]; };
SEC("xdp") int pass(void *c) { return SHOWN; }
`)
  expect(diagnostics).toEqual([])
  expect(model.exports.types.map(({ name }) => name).toSorted()).toEqual(['like_a_map', 'record'])
  expect(model.exports.constants.map(({ name }) => name)).toEqual(['SHOWN'])
})

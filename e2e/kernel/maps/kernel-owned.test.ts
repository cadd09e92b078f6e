import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  HashMap,
  SchedClsProgram,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct cell { struct bpf_spin_lock lock; __u32 a; struct bpf_timer timer; __u64 b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, struct cell); } hashed SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct cell); } indexed SEC(".maps");
struct bpf_spin_lock lock SEC(".data.locked");
int guarded SEC(".data.locked") = 5;
struct cell cell SEC(".bss.cells");
int beside SEC(".bss.cells");
static int fire(void *map, int *key, struct cell *cell) { return 0; }
SEC("tc") int run(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct cell *at = bpf_map_lookup_elem(&indexed, &key);
	if (!at)
		return -1;
	bpf_spin_lock(&at->lock);
	at->a++;
	bpf_spin_unlock(&at->lock);
	bpf_timer_init(&at->timer, &indexed, 1);
	bpf_timer_set_callback(&at->timer, fire);
	int started = bpf_timer_start(&at->timer, 100000000000ULL, 0);
	bpf_spin_lock(&lock);
	guarded++;
	bpf_spin_unlock(&lock);
	beside++;
	return started;
}
SEC("tc") int cancel(struct __sk_buff *ctx)
{
	__u32 key = 1;
	struct cell *at = bpf_map_lookup_elem(&indexed, &key);
	return at ? bpf_timer_cancel(&at->timer) : -1;
}`

interface Cell {
  a: number
  b: bigint
}

interface Owned extends SkeletonInstance {
  maps: { hashed: HashMap<number, Cell>; indexed: ArrayMap<Cell> }
  progs: Record<'run' | 'cancel', SchedClsProgram>
  data_locked: { guarded: number }
  bss_cells: { beside: number; cell: Cell }
}

const { default: module, types } = await build<Owned>(source)

function loaded(): Owned {
  const skel = module.openAndLoad()
  onTestFinished(() => skel.destroy())
  return skel
}

function run(program: SchedClsProgram): number {
  return program.testRun({ data: new Uint8Array(64) }).retval
}

describeInKernel('fields that only the kernel may write', () => {
  test('are absent from codecs and views', () => {
    const skel = loaded()
    expect(types['cell']?.fields.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(Object.keys(skel.data_locked)).toEqual(['guarded'])
    expect(Object.keys(skel.bss_cells.cell)).toEqual(['a', 'b'])
  })

  test('are unchanged when the rest of a value is replaced', () => {
    const skel = loaded()
    skel.maps.hashed.set(3, { a: 1, b: 2n }).set(3, { a: 2, b: 3n })
    expect([...skel.maps.hashed]).toEqual([[3, { a: 2, b: 3n }]])
    expect(run(skel.progs.run)).toBe(0)
    skel.maps.indexed.set(1, { a: 9, b: 7n })
    expect(run(skel.progs.run)).toBe(0)
    expect(skel.maps.indexed.get(1)).toEqual({ a: 10, b: 7n })
    // 1: the timer was still running.
    expect(run(skel.progs.cancel)).toBe(1)
  })

  test('do not prevent reading and writing the variables beside them', () => {
    const skel = loaded()
    run(skel.progs.run)
    expect([skel.data_locked.guarded, skel.bss_cells.beside]).toEqual([6, 1])
    skel.data_locked.guarded = 100
    skel.bss_cells.cell = { a: 5, b: 6n }
    run(skel.progs.run)
    expect(skel.data_locked.guarded).toBe(101)
    expect(skel.bss_cells).toMatchObject({ beside: 2, cell: { a: 5, b: 6n } })
  })
})

import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  BloomFilter,
  RawTracepointProgram,
  Queue,
  SkeletonInstance,
  Stack,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct job { __u32 id; char name[12]; };
#define KEYLESS(name, kind, entries, v) struct { \\
	__uint(type, kind); __uint(max_entries, entries); __type(value, v); } name SEC(".maps")
KEYLESS(jobs, BPF_MAP_TYPE_QUEUE, 3, struct job);
KEYLESS(undo, BPF_MAP_TYPE_STACK, 3, __u64);
KEYLESS(seen, BPF_MAP_TYPE_BLOOM_FILTER, 100, struct job);
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __s64); } results SEC(".maps");

static void result(__u32 at, __s64 value) { bpf_map_update_elem(&results, &at, &value, 0); }

SEC("raw_tp/sys_enter")
int fill(void *ctx)
{
	struct job job = { .id = 7, .name = "from C" };
	__u64 number = 1ull << 40;
	bpf_map_push_elem(&jobs, &job, BPF_ANY);
	bpf_map_push_elem(&undo, &number, BPF_ANY);
	bpf_map_push_elem(&seen, &job, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	struct job job = {}, asked = { .id = 8, .name = "from JS" }, other = { .id = 9 };
	__u64 number = 0;
	result(0, bpf_map_pop_elem(&jobs, &job) ?: job.id);
	result(1, bpf_map_peek_elem(&undo, &number) ?: number);
	result(2, bpf_map_peek_elem(&seen, &asked));
	result(3, bpf_map_peek_elem(&seen, &other));
	return 0;
}
`

interface Job {
  id: number
  name: string
}
interface Test extends SkeletonInstance {
  maps: {
    jobs: Queue<Job>
    undo: Stack<bigint>
    seen: BloomFilter<Job>
    results: ArrayMap<bigint>
  }
  progs: { fill: RawTracepointProgram; look: RawTracepointProgram }
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

const ENOENT = 2n

describeInKernel('queues and stacks', () => {
  test('pop in C what JavaScript pushed, and the other way round', async () => {
    const { maps, progs } = await load()
    progs.fill.testRun()
    expect(maps.jobs.peek()).toEqual({ id: 7, name: 'from C' })
    expect(maps.jobs.pop()).toEqual({ id: 7, name: 'from C' })
    expect(maps.jobs.pop()).toBe(undefined)
    expect(maps.undo.pop()).toBe(1n << 40n)
    maps.jobs.push({ id: 8, name: 'from JS' })
    maps.undo.push(5)
    progs.look.testRun()
    expect([maps.results.get(0), maps.results.get(1)]).toEqual([8n, 5n])
    expect([maps.jobs.peek(), maps.undo.peek()]).toEqual([undefined, 5n])
  })

  test('QUEUE is first in, first out; STACK is last in, first out', async () => {
    const { jobs, undo } = (await load()).maps
    for (const id of [1, 2, 3]) {
      jobs.push({ id, name: '' })
      undo.push(id)
    }
    expect([...jobs.drain()].map(({ id }) => id)).toEqual([1, 2, 3])
    expect([...undo.drain()]).toEqual([3n, 2n, 1n])
    expect([jobs.pop(), undo.pop()]).toEqual([undefined, undefined])
  })

  test('refuse a value when full, or drop the oldest', async () => {
    const { jobs } = (await load()).maps
    for (const id of [1, 2, 3]) jobs.push({ id, name: '' })
    expect(() => jobs.push({ id: 4, name: '' })).toThrow(expect.objectContaining({ code: 'E2BIG' }))
    jobs.push({ id: 4, name: '' }, 'exist')
    const drain = jobs.drain()
    expect(drain.next().value).toEqual({ id: 2, name: '' })
    expect([...jobs.drain()].map(({ id }) => id)).toEqual([3, 4])
    for (const id of [1, 2, 3]) jobs.push({ id, name: '' })
    jobs.clear()
    expect(jobs.peek()).toBe(undefined)
  })

  test('drain ends while a program pushes', async () => {
    const { jobs } = (await load()).maps
    jobs.push({ id: 0, name: '' })
    let count = 0
    for (const { id } of jobs.drain()) {
      jobs.push({ id: id + 1, name: '' })
      if (++count > 10) break
    }
    expect(count).toBe(3)
  })

  test('wrong values throw and push nothing', async () => {
    const { jobs, undo } = (await load()).maps
    expect(() => jobs.push({ id: 2 ** 32, name: '' })).toThrow(/id/)
    expect(() => jobs.push({ id: 1 } as Job)).toThrow(/name/)
    expect(() => undo.push('1' as never)).toThrow(TypeError)
    expect(() => undo.push(1, 'noexist' as 'exist')).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
    expect([jobs.pop(), undo.pop()]).toEqual([undefined, undefined])
    expect(() => jobs.raw.push(new Uint8Array(3))).toThrow(RangeError)
    jobs.raw.push(new Uint8Array(16).fill(65))
    expect(jobs.pop()).toEqual({ id: 0x41414141, name: 'A'.repeat(12) })
  })

  test('throw after destroy', async () => {
    const loaded = await load()
    const { jobs, seen } = loaded.maps
    jobs.push({ id: 1, name: '' })
    const drain = jobs.drain()
    loaded.destroy()
    const state = expect.objectContaining({ code: 'ERR_BPF_STATE' })
    expect(() => jobs.pop()).toThrow(state)
    expect(() => drain.next()).toThrow(state)
    expect(() => seen.has({ id: 1, name: '' })).toThrow(state)
  })
})

describeInKernel('bloom filters', () => {
  test('have what C and JavaScript added', async () => {
    const { maps, progs } = await load()
    progs.fill.testRun()
    expect(maps.seen.has({ id: 7, name: 'from C' })).toBe(true)
    expect(maps.seen.has({ id: 8, name: 'from C' })).toBe(false)
    maps.seen.add({ id: 8, name: 'from JS' }).push({ id: 10, name: '' })
    expect(maps.seen.peek({ id: 10, name: '' })).toBe(true)
    progs.look.testRun()
    expect([maps.results.get(2), maps.results.get(3)]).toEqual([0n, -ENOENT])
  })
})

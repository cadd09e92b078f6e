import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayOfMaps,
  RawTracepointProgram,
  RingBuffer,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { BpfMap } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u32 n; __u32 m; };
struct ring { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); __type(value, struct event); };
struct ring first SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps") = { .values = { &first } };

__u32 at;
SEC("raw_tp/sys_enter")
int emit(void *ctx)
{
	struct event event = { .n = at, .m = 7 };
	__u32 index = at;
	void *ring = bpf_map_lookup_elem(&rings, &index);
	if (ring)
		bpf_ringbuf_output(ring, &event, sizeof(event), 0);
	return 0;
}
`

interface Event {
  n: number
  m: number
}
interface Test extends SkeletonInstance {
  maps: { first: RingBuffer<Event>; rings: ArrayOfMaps<RingBuffer<Event>> }
  progs: { emit: RawTracepointProgram }
  bss: { at: number }
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

describeInKernel('ring buffers in a map', () => {
  test('are read like other ring buffers', async () => {
    const { maps, progs, bss } = await load()
    const made = maps.rings.createInner()
    maps.rings.set(2, made)
    const heard: number[] = []
    const stop = maps.rings.get(2)?.on((record) => heard.push(record.n))
    onTestFinished(() => stop?.stop())
    for (const index of [2, 0, 2]) {
      bss.at = index
      progs.emit.testRun()
    }
    await expect.poll(() => heard).toEqual([2, 2])
    expect(maps.first.consume(() => undefined)).toBe(1)
  })

  test('have one reader, whichever of their handles closes first', async () => {
    const { maps, progs } = await load()
    const again = BpfMap.fromId(maps.first.id, 'ringbuf')
    const heard: string[] = []
    again.on(() => heard.push('again'))
    const stop = maps.first.on(() => heard.push('first'))
    onTestFinished(() => stop.stop())
    progs.emit.testRun()
    await expect.poll(() => heard.toSorted()).toEqual(['again', 'first'])
    again.close()
    for (const count of [2, 3, 4]) {
      progs.emit.testRun()
      await expect.poll(() => heard.filter((who) => who === 'first')).toHaveLength(count)
    }
    expect(heard.filter((who) => who === 'again')).toHaveLength(1)
  })
})

import { expect, onTestFinished, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import type {
  MmapableArray,
  PerCpuArray,
  SyscallProgram,
  SectionMap,
  SkeletonInstance,
  ViewArray,
} from '../../../src/runtime/index.ts'
import { snapshot } from '../../../src/runtime/index.ts'
import type { BuiltModule } from '../build.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

async function open<T extends SkeletonInstance>(
  source: string,
  libbpf?: object,
): Promise<{ skel: T; types: BuiltModule<T>['types'] }> {
  const { default: module, types } = await build<T>(source)
  const skel = module.open(libbpf)
  onTestFinished(() => skel.destroy())
  return { skel, types }
}

const state = (reason: RegExp): object =>
  expect.objectContaining({ code: 'ERR_BPF_STATE', message: expect.stringMatching(reason) })

interface Named extends SkeletonInstance {
  maps: Record<string, SectionMap>
  progs: { run: SyscallProgram }
  rodata: { text: string }
  rodata_limits: { most: number; least: number }
  data: { weak: number; shown: number }
  data_a_b: { dotted: number }
  data_a_b___2: { underscored: number }
  bss: { shown_count: bigint }
  bss_extra: { more: number[] }
}

describeInKernel('data sections', () => {
  test('custom sections have a property; static, hidden and nameless variables have none', async () => {
    const { skel } = await open<Named>(`
const volatile char text[8] = "read";
const volatile int most SEC(".rodata.limits") = 9;
const volatile int least SEC(".rodata.limits") = 1;
int shown = 1;
__weak int weak = 2;
__attribute__((visibility("hidden"))) int hidden = 3;
static volatile int kept = 4;
static volatile int only_static SEC(".data.private") = 5;
int dotted SEC(".data.a.b") = 6;
int underscored SEC(".data.a_b") = 7;
__u64 shown_count;
__u32 more[3] SEC(".bss.extra");
extern const int made_up_symbol __ksym __weak;
SEC("syscall") int run(void *ctx)
{
	bpf_printk("a string in .rodata.str%d", most);
	more[2] = weak + hidden + kept + only_static + dotted + underscored + least + text[0];
	shown_count = &made_up_symbol ? 1 : 2;
	return more[2] + shown;
}`)
    expect(Object.keys(skel.data).toSorted()).toEqual(['shown', 'weak'])
    expect(skel.maps['data_private']).toBeDefined()
    expect('data_private' in skel).toBe(false)
    expect('ksyms' in skel).toBe(false)
    expect(
      Object.keys(skel)
        .filter((name) => name.startsWith('rodata'))
        .toSorted(),
    ).toEqual(['rodata', 'rodata_limits'])
    expect([skel.data_a_b.dotted, skel.data_a_b___2.underscored]).toEqual([6, 7])
    Object.assign(skel.rodata_limits, { most: 5, least: 10 })
    Object.assign(skel.rodata, { text: 'x' })
    skel.data.weak = 20
    skel.load()
    const sum = 20 + 3 + 4 + 5 + 6 + 7 + 10 + 'x'.charCodeAt(0)
    expect(skel.progs.run.testRun().retval).toBe(sum + 1)
    expect([...skel.bss_extra.more]).toEqual([0, 0, sum])
    expect(() => (skel.rodata_limits.most = 1)).toThrow(state(/between open\(\) and load\(\)/))
  })

  test('.kconfig can be read once loaded, and not be written', async () => {
    const { skel } = await open<SkeletonInstance & { kconfig: Record<string, unknown> }>(
      `
extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_MADE_UP_FLAG __kconfig __weak;
extern enum libbpf_tristate CONFIG_MADE_UP_TRISTATE __kconfig __weak;
extern __u64 CONFIG_MADE_UP_NUMBER __kconfig __weak;
extern char CONFIG_MADE_UP_TEXT[16] __kconfig __weak;
int used;
SEC("syscall") int run(void *ctx)
{
	used = LINUX_KERNEL_VERSION + CONFIG_MADE_UP_FLAG + CONFIG_MADE_UP_TRISTATE + CONFIG_MADE_UP_NUMBER + CONFIG_MADE_UP_TEXT[0];
	return 0;
}`,
      {
        kconfig: [
          'CONFIG_MADE_UP_FLAG=y',
          'CONFIG_MADE_UP_TRISTATE=m',
          'CONFIG_MADE_UP_NUMBER=123456789012',
          'CONFIG_MADE_UP_TEXT="hello"',
        ].join('\n'),
      },
    )
    const { kconfig } = skel
    expect(Object.keys(kconfig)).toHaveLength(5)
    expect(() => kconfig['CONFIG_MADE_UP_TEXT']).toThrow(state(/call load\(\) first/))
    skel.load()
    expect(kconfig).toMatchObject({
      CONFIG_MADE_UP_FLAG: true,
      CONFIG_MADE_UP_TRISTATE: 2,
      CONFIG_MADE_UP_NUMBER: 123456789012n,
      CONFIG_MADE_UP_TEXT: 'hello',
    })
    expect(() => (kconfig['CONFIG_MADE_UP_FLAG'] = false)).toThrow(state(/read-only/))
    expect(() => Object.assign(kconfig, { other: 1 })).toThrow(TypeError)
  })

  test('flexible arrays have the elements of their initialiser', async () => {
    type Flexible = { n: number; items: ViewArray<number> }
    const { skel } = await open<
      SkeletonInstance & {
        progs: { run: SyscallProgram }
        data: { early: Flexible; text: { kind: number; name: string }; late: number }
      }
    >(`
struct flexible { __u32 n; __u16 items[]; } early = { 2, { 1, 2 } };
struct { __u8 kind; char name[]; } text = { 1, "hello" };
int late = 5;
SEC("syscall") int run(void *ctx) { return early.items[1] + text.name[4] + late; }`)
    expect(skel.data).toMatchObject({ text: { kind: 1, name: 'hello' }, late: 5 })
    expect(skel.data.early.items.toArray()).toEqual([1, 2])
    skel.load()
    skel.data.early = { n: 1, items: [7, 8] } as never
    skel.data.text.name = 'abcd!'
    expect(() => (skel.data.early.items[2] = 1)).toThrow(RangeError)
    expect(skel.progs.run.testRun().retval).toBe(8 + '!'.charCodeAt(0) + 5)
  })

  test('refuse another maxEntries or type', async () => {
    const { skel } = await open<Resizable>(resizable)
    expect(() => (skel.maps.bss.maxEntries = 1 << 20)).toThrow(/its maxEntries must be 1/)
    // BPF_MAP_TYPE_STRUCT_OPS: libbpf would follow a null pointer.
    expect(() => (skel.maps.bss.type = 26)).toThrow(/its type, 2, cannot be changed to 26/)
    expect(() => (skel.maps.bss.type = 1)).toThrow(RangeError)
    skel.maps.bss.type = 2
    skel.maps.bss.maxEntries = 1
    skel.load()
  })

  test('are read and written by system calls where they cannot be mapped', async () => {
    const { skel } = await open<
      SkeletonInstance & {
        maps: { bss: SectionMap }
        progs: { run: SyscallProgram }
        bss: {
          count: bigint
          name: string
          point: { x: number; y: number }
          bytes: ViewArray<number>
        }
      }
    >(`
struct point { __s16 x, y; };
__u64 count;
char name[8];
struct point point;
__u8 bytes[5];
SEC("syscall") int run(void *ctx) { count++; bytes[4] = point.y; return name[0]; }`)
    const { bss } = skel
    skel.maps.bss.flags = 0
    bss.count = 41n
    skel.load()
    skel.progs.run.testRun()
    expect(bss.count).toBe(42n)
    bss.point = { x: -1, y: 7 }
    bss.name = 'né'
    bss.bytes[0] = 1
    expect(skel.progs.run.testRun().retval).toBe('n'.charCodeAt(0))
    expect(bss).toMatchObject({ count: 43n, name: 'né', point: { x: -1, y: 7 } })
    expect(bss.bytes.toArray()).toEqual([1, 0, 0, 0, 7])
    expect(snapshot(bss as never)).toMatchObject({ bytes: new Uint8Array([1, 0, 0, 0, 7]) })
    expect(() => (bss.count = -1n)).toThrow(RangeError)
    skel.destroy()
    expect(() => bss.count).toThrow(state(/was destroyed/))
    expect(() => bss.name).toThrow(state(/was destroyed/))
  })
})

interface Resizable extends SkeletonInstance {
  maps: { bss: SectionMap; data: SectionMap; data_text: SectionMap; data_fixed: SectionMap }
  progs: { run: SyscallProgram }
  rodata: { length: number }
  bss: { total: bigint; slots: ViewArray<number> }
  data_text: { number: number; text: string }
  data_fixed: { last: number }
}

const resizable = `
const volatile __u32 length = 4;
__u64 total;
__u32 slots[4];
int number SEC(".data.text") = 5;
char text[8] SEC(".data.text") = "text";
int last SEC(".data.fixed") = 6;
SEC("syscall") int run(void *ctx)
{
	total++;
	for (__u32 i = 0; i < length && i < 100; i++)
		total += *(volatile __u32 *)((char *)slots + i * 4);
	return number + text[0] + last;
}`

const resizes = libbpfIsAtLeast(1, 3)

describeInKernel('resizing a data section', () => {
  test.skipIf(resizes)('needs libbpf 1.3', async () => {
    const { skel } = await open<Resizable>(resizable)
    const size = skel.maps.bss.valueSize
    expect(size).toBe(24)
    expect(() => (skel.maps.bss.valueSize = 400)).toThrow(
      expect.objectContaining({
        code: 'ERR_BPF_UNSUPPORTED',
        message: expect.stringContaining('1.3'),
      }),
    )
    expect(skel.maps.bss.valueSize).toBe(size)
  })

  test.skipIf(!resizes)('changes the length of its last array (libbpf 1.3)', async () => {
    const { skel } = await open<Resizable>(resizable)
    const { bss, maps, data_text } = skel
    skel.rodata.length = 100
    bss.total = 1000n
    bss.slots[3] = 3
    data_text.text = 'longer'
    maps.bss.valueSize = 8 + 4 * 100
    maps.data_text.valueSize = 4 + 12
    expect(bss.slots.length).toBe(100)
    expect([bss.total, bss.slots[3], bss.slots[99]]).toEqual([1000n, 3, 0])
    data_text.text = 'ten + two!!!'
    expect(() => (data_text.text = 'thirteen chars')).toThrow(RangeError)
    bss.slots = Array.from({ length: 100 }, () => 2) as never
    expect(() => (bss.slots = [1, 2] as never)).toThrow(/expected/)
    expect(() => (maps.bss.valueSize = 7)).toThrow(RangeError)
    expect(() => (maps.bss.valueSize = 1.5)).toThrow(RangeError)
    skel.load()
    expect(() => (maps.bss.valueSize = 500)).toThrow(state(/between open\(\) and load\(\)/))
    expect(maps.bss.valueSize).toBe(408)
    expect([bss.slots.length, bss.slots[99], bss.total]).toEqual([100, 2, 1000n])
    expect(data_text).toMatchObject({ number: 5, text: 'ten + two!!!' })
    expect(skel.progs.run.testRun().retval).toBe(5 + 't'.charCodeAt(0) + 6)
    expect(bss.total).toBe(1201n)
    bss.slots[99] = 7
    expect(bss.slots.slice(-2)).toEqual([2, 7])
    expect(bss.slots[100]).toBe(undefined)
    expect(() => (bss.slots[100] = 1)).toThrow(RangeError)
    expect(JSON.stringify(bss.slots).length).toBe(201)
  })
})

interface Arrays extends SkeletonInstance {
  maps: {
    points: MmapableArray<{ x: number; y: number; tag: string }>
    counts: MmapableArray<number>
    bytes: MmapableArray<Uint8Array>
  }
  progs: { run: SyscallProgram }
}

const arrays = `
#define MMAPABLE(name, entries, what) struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, entries); __type(key, __u32); what; } name SEC(".maps")
struct point { __s16 x, y; char tag[3]; };
MMAPABLE(points, 3, __type(value, struct point));
MMAPABLE(counts, 1000, __type(value, __u32));
MMAPABLE(bytes, 2, __uint(value_size, 5));
SEC("syscall") int run(void *ctx)
{
	__u32 key = 1;
	struct point *point = bpf_map_lookup_elem(&points, &key);
	__u32 *count = bpf_map_lookup_elem(&counts, &key);
	if (!point || !count)
		return -1;
	point->x = -5;
	point->tag[0] = 'p';
	return (*count)++;
}`

describeInKernel('mmapable arrays', () => {
  test('have a view of all their elements', async () => {
    const { skel } = await open<Arrays>(arrays)
    const { points, counts, bytes } = skel.maps
    expect(() => points.view).toThrow(state(/call load\(\) first/))
    skel.load()
    const { view } = counts
    expect(counts.view).toBe(view)
    expect(view.length).toBe(1000)
    view[1] = 41
    view[2] = 43
    expect(skel.progs.run.testRun().retval).toBe(41)
    expect([counts.get(1), view[1], counts.get(2)]).toEqual([42, 42, 43])
    view.fill(9)
    view.set([1, 2, 3], 997)
    expect([counts.get(0), counts.get(999), view.slice(-4)]).toEqual([9, 3, [9, 1, 2, 3]])
    expect(view.toArray()).toHaveLength(1000)
    expect(() => (view[1000] = 1)).toThrow(RangeError)
    expect(() => (view[0] = -1)).toThrow(RangeError)

    expect(points.view[1]).toMatchObject({ x: -5, y: 0, tag: 'p' })
    points.view[2] = { x: 1, y: 2, tag: 'abc' }
    points.set(0, { x: 7, y: 8, tag: '' })
    expect(points.view[0]?.y).toBe(8)
    expect(points.get(2)).toEqual({ x: 1, y: 2, tag: 'abc' })
    expect(JSON.stringify(points.view)).toContain('{"x":1,"y":2,"tag":"abc"}')
    expect(points.raw.view[2]?.toArray()).toEqual([1, 0, 2, 0, 97, 98, 99, 0])

    bytes.view[1]?.set([1, 2, 3, 4, 5])
    expect(bytes.get(1)).toEqual(new Uint8Array([1, 2, 3, 4, 5]))
    skel.destroy()
    for (const use of [() => view[0], () => (view[0] = 1), () => points.view, () => [...view]]) {
      expect(use).toThrow(state(/was destroyed/))
    }
  })

  test('have a read-only view when frozen', async () => {
    const { skel } = await open<Arrays>(arrays)
    skel.load()
    const { counts } = skel.maps
    counts.set(3, 33)
    counts.freeze()
    expect(counts.view[3]).toBe(33)
    expect(() => (counts.view[3] = 1)).toThrow(state(/allows only reading/))
    expect(() => skel.maps.points.view.set([{ x: 1, y: 1, tag: '' }])).not.toThrow()
    expect(() => skel.maps.points.freeze()).toThrow(expect.objectContaining({ code: 'EBUSY' }))
  })

  test('have no view without the flag, and say why', async () => {
    const { skel } = await open<Arrays>(arrays)
    skel.maps.counts.flags = 0
    skel.load()
    expect(() => skel.maps.counts.view).toThrow(/cannot map map counts of test_bpf/)
    expect(skel.maps.counts.get(1)).toBe(0)
  })
})

interface PerCpu extends SkeletonInstance {
  maps: { percpu: PerCpuArray<{ count: bigint; name: string }> }
  progs: { run: SyscallProgram }
  percpu: { count: bigint; name: string }
}

const perCpu = `
__u64 count SEC(".percpu") = 5;
char name[8] SEC(".percpu") = "each";
SEC("syscall") int run(void *ctx) { count++; name[0] = 'E'; return 0; }`

describeInKernel('per-CPU variables', () => {
  test.skipIf(libbpfIsAtLeast(1, 8))('need libbpf 1.8', async () => {
    await expect(open(perCpu)).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_BPF_UNSUPPORTED',
        message: expect.stringMatching(/SEC\("\.percpu"\).*libbpf 1\.8/),
      }),
    )
  })

  test.skipIf(!libbpfIsAtLeast(1, 8))('have initial values (libbpf 1.8)', async () => {
    const { skel } = await open<PerCpu>(perCpu)
    expect(skel.percpu).toMatchObject({ count: 5n, name: 'each' })
    skel.percpu.count = 6n
    skel.percpu.name = 'all'
    expect(skel.percpu).toMatchObject({ count: 6n, name: 'all' })
  })

  test.skipIf(!libbpfIsAtLeast(1, 8))(
    'have a value for each CPU (libbpf 1.8)',
    async ({ skip }) => {
      const { skel } = await open<PerCpu>(perCpu)
      skel.percpu.count = 6n
      try {
        skel.load()
      } catch (error) {
        // libbpf found that the kernel lacks it, and leaves the map out.
        expect(error).toMatchObject({ message: expect.stringContaining('BPF_F_ALL_CPUS') })
        expect(skel.maps.percpu.autocreate).toBe(false)
        skip('the kernel lacks BPF_F_ALL_CPUS')
      }
      skel.progs.run.testRun()
      const each = skel.maps.percpu.get(0) ?? []
      expect(
        each
          .map(({ count }) => count)
          .toSorted()
          .at(-1),
      ).toBe(7n)
      expect(skel.percpu).toMatchObject({ count: 6n, name: 'each' })
      expect(() => (skel.percpu.count = 1n)).toThrow(state(/each CPU has its own values/))
    },
  )
})

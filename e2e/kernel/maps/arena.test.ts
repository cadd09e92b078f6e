import { expect, onTestFinished, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import type { ArenaMap, SyscallProgram, SkeletonInstance } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

/** Macros of a newer bpf_helpers.h than Debian 12's. */
const preamble = `
#define ARENA 33
#define MMAPABLE (1 << 10)
#define SEGV_ON_FAULT (1 << 17)
#define CAT(a, b) CAT_(a, b)
#define CAT_(a, b) a##b
#define __ulong(name, value) enum { CAT(unique, __COUNTER__) = value } name
#define __arena __attribute__((address_space(1)))
void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 pages, int node, __u64 flags) __ksym __weak;
void bpf_arena_free_pages(void *map, void __arena *addr, __u32 pages) __ksym __weak;
`

const list = `${preamble}
struct node { __u64 value; char name[8]; struct node __arena *next; };
struct { __uint(type, ARENA); __uint(map_flags, MMAPABLE); __uint(max_entries, 100); } shared SEC(".maps");
__u64 __arena counter = 7;
struct state { __u8 flag; __u32 bits : 3; };
struct state __arena state;
__u32 __arena table[10] = { 1, 2, 3 };
char __arena label[8] = "hello";
struct node __arena *__arena head;
int plain = 3;
SEC("syscall") int run(void *ctx)
{
	counter += plain;
	table[9] = 99;
	state.bits = 5;
	struct node __arena *node = bpf_arena_alloc_pages(&shared, 0, 1, -1, 0);
	if (!node)
		return 1;
	node->value = 42;
	node->name[0] = 'n';
	node->next = head;
	head = node;
	return 0;
}
`

const bare = (flags: string, extra = ''): string => `${preamble}
struct { __uint(type, ARENA); __uint(map_flags, MMAPABLE | ${flags}); __uint(max_entries, 16); ${extra} } shared SEC(".maps");
void __arena *page;
SEC("syscall") int grow(void *ctx)
{
	page = bpf_arena_alloc_pages(&shared, 0, 1, -1, 0);
	return !page;
}
SEC("syscall") int shrink(void *ctx)
{
	bpf_arena_free_pages(&shared, page, 1);
	return 0;
}
`

interface List extends SkeletonInstance {
  maps: { shared: ArenaMap }
  progs: { run: SyscallProgram }
  arena: {
    counter: bigint
    state: { flag: number; bits: number }
    table: ArrayLike<number>
    label: string
    head: bigint
  }
  data: { plain: number }
}

interface Bare extends SkeletonInstance {
  maps: { shared: ArenaMap }
  progs: Record<'grow' | 'shrink', SyscallProgram>
  bss: { page: bigint }
}

async function open<T extends SkeletonInstance>(source: string): Promise<T> {
  const { default: skel } = await build<T>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

const known = libbpfIsAtLeast(1, 4)

describeInKernel('arenas', () => {
  test.skipIf(known)('an older libbpf cannot open them', async () => {
    await expect(open(list)).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_BPF_UNSUPPORTED',
        message: expect.stringMatching(/BPF_MAP_TYPE_ARENA.*libbpf 1\.4/),
      }),
    )
  })

  test.skipIf(!known)(
    'have variables that can be read and written before and after load (libbpf 1.4)',
    async () => {
      const skel = await open<List>(list)
      expect(Object.keys(skel.arena).toSorted()).toEqual([
        'counter',
        'head',
        'label',
        'state',
        'table',
      ])
      expect([skel.arena.counter, skel.arena.label]).toEqual([7n, 'hello'])
      skel.arena.counter = 10n
      skel.load()
      expect(skel.progs.run.testRun().retval).toBe(0)
      expect(skel.arena.counter).toBe(13n)
      expect(skel.arena.state).toMatchObject({ flag: 0, bits: 5 })
      expect(JSON.stringify(skel.arena.table)).toBe('[1,2,3,0,0,0,0,0,0,99]')
      skel.arena.state = { flag: 9, bits: 6 }
      skel.arena.label = 'wörld'
      expect(() => (skel.arena.label = 'far too long')).toThrow(RangeError)
      expect(() => (skel.arena.state.bits = 8)).toThrow(RangeError)
      expect(skel.arena).toMatchObject({ label: 'wörld', state: { flag: 9, bits: 6 } })
      skel.destroy()
      expect(() => skel.arena.counter).toThrow(/was destroyed/)
    },
  )

  test.skipIf(!known)('load with loadAsync() too (libbpf 1.4)', async () => {
    const skel = await open<List>(list)
    skel.arena.counter = 20n
    await skel.loadAsync()
    skel.progs.run.testRun()
    expect(skel.arena.counter).toBe(23n)
  })

  test.skipIf(!known)(
    'have pointers whose addresses view(), read() and write() take (libbpf 1.4)',
    async () => {
      const { default: module, types } = await build<List>(list)
      const skel = module.openAndLoad()
      onTestFinished(() => skel.destroy())
      for (let n = 0; n < 2; n++) skel.progs.run.testRun()
      const { shared } = skel.maps
      if (!types['node']) throw new Error('no type node')
      const node = shared.view(types['node'], skel.arena.head)
      expect(node).toMatchObject({ value: 42n, name: 'n' })
      const next = shared.view(types['node'], node['next'] as bigint)
      next['name'] = 'second'
      expect(Buffer.from(shared.read(node['next'] as bigint, 24).slice(8, 14)).toString()).toBe(
        'second',
      )
      shared.write(skel.arena.head, new Uint8Array([7, 0, 0, 0, 0, 0, 0, 0]))
      expect(node['value']).toBe(7n)
      expect(shared.byteLength).toBe(100 * 4096)
      const end = shared.address + BigInt(shared.byteLength)
      for (const [at, message] of [
        [0, /are outside map shared/],
        [end - 8n, /are outside map shared/],
        [shared.address - 1n, /are outside map shared/],
        [2n ** 64n, /must be between 0 and 2\^64 - 1/],
      ] as const) {
        expect(() => shared.view(types['node'] as never, at)).toThrow(message)
      }
      skel.destroy()
      expect(() => node['value']).toThrow(/was destroyed/)
      expect(() => shared.read(0, 1)).toThrow(/was destroyed/)
    },
  )

  test.skipIf(!known)(
    'throw, and do not crash, where no page is allocated (libbpf 1.4)',
    async () => {
      const skel = (await open<Bare>(bare('SEGV_ON_FAULT'))).load()
      const { shared } = skel.maps
      const noPage = expect.objectContaining({
        code: 'EFAULT',
        message: expect.stringMatching(/no page is allocated there.*bpf_arena_alloc_pages/),
      })
      expect(() => shared.read(shared.address, 1)).toThrow(noPage)
      expect(() => shared.write(shared.address, new Uint8Array(1))).toThrow(noPage)
      expect(skel.progs.grow.testRun().retval).toBe(0)
      shared.write(skel.bss.page, new Uint8Array([1, 2, 3]))
      expect(shared.read(skel.bss.page, 3)).toEqual(new Uint8Array([1, 2, 3]))
      expect(() => shared.read(skel.bss.page, 4097)).toThrow(noPage)
      skel.progs.shrink.testRun()
      expect(() => shared.read(skel.bss.page, 1)).toThrow(noPage)
    },
  )

  test.skipIf(!known)(
    'without BPF_F_SEGV_ON_FAULT the kernel allocates pages that are accessed (libbpf 1.4)',
    async () => {
      const skel = (await open<Bare>(bare('0'))).load()
      const { shared } = skel.maps
      expect(shared.read(shared.address, 4)).toEqual(new Uint8Array(4))
    },
  )

  test.skipIf(!known)('show no memory when they are reused (libbpf 1.4)', async () => {
    const first = (await open<List>(list)).load()
    const second = await open<List>(list)
    second.maps.shared.reuse(first.maps.shared)
    second.load()
    expect(() => second.arena.counter).toThrow(/was pinned or is reused/)
    expect(() => (second.arena.label = 'x')).toThrow(/was pinned or is reused/)
    expect(() => second.maps.shared.address).toThrow(/was pinned or is reused/)
    expect(first.arena.counter).toBe(7n)
  })

  test.skipIf(!known)('refuse at load what would crash the process (libbpf 1.4)', async () => {
    const skel = await open<List>(list)
    skel.maps.shared.flags |= 1 << 17
    expect(() => skel.load()).toThrow(/BPF_F_SEGV_ON_FAULT/)
    skel.maps.shared.flags &= ~(1 << 17)
    skel.maps.shared.maxEntries = 0
    expect(() => skel.load()).toThrow(/more than the 0 bytes/)
    skel.maps.shared.maxEntries = 100
    skel.load()

    const { file } = await build(bare('0', '__ulong(map_extra, 1ull << 44);'))
    const { code, signal, stdout } = await runChild(
      file,
      `const first = skel.openAndLoad()
       console.log(first.maps.shared.address.toString(16))
       const second = skel.open()
       try { second.load() } catch (error) { console.log(error.code, error.message) }
       first.destroy()
       second.load().destroy()`,
    )
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(stdout).toMatch(/^100000000000\nEBUSY .*address 0x100000000000, where this process has/)
  })
})

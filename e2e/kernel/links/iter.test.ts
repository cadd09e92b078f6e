import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { HashMap, IterLink, SkeletonInstance } from '../../../src/runtime/index.ts'
import type { iterProgram } from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'
import { cgroupRoot, makeCgroup } from '../cgroup.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'

const source = `
struct task_struct { int pid, tgid; } __attribute__((preserve_access_index));
struct seq_file;
struct kernfs_node { __u64 id; } __attribute__((preserve_access_index));
struct cgroup { struct kernfs_node *kn; } __attribute__((preserve_access_index));
struct bpf_map { int id; } __attribute__((preserve_access_index));
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));
struct bpf_iter__cgroup { struct bpf_iter_meta *meta; struct cgroup *cgroup; } __attribute__((preserve_access_index));
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; struct bpf_map *map; void *key, *value; } __attribute__((preserve_access_index));

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");

#define PRINT(...) BPF_SEQ_PRINTF(ctx->meta->seq, __VA_ARGS__)

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		PRINT("%d %d\\n", task->tgid, task->pid);
	return 0;
}

SEC("?iter/cgroup")
int cgroups(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;

	if (cgroup)
		PRINT("%llu\\n", cgroup->kn->id);
	return 0;
}

SEC("iter/bpf_map_elem")
int elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key, *value = ctx->value;

	if (key && value)
		PRINT("%u=%u\\n", *key, *value);
	return 0;
}
`

type IterProgram = InstanceType<typeof iterProgram>
interface Test extends SkeletonInstance {
  maps: { numbers: HashMap<number, number> }
  progs: Record<'tasks' | 'cgroups' | 'elements', IterProgram>
  links: Record<'tasks' | 'cgroups' | 'elements', IterLink | null>
}

async function load(...names: (keyof Test['progs'])[]): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  for (const name of names) opened.progs[name].autoload = true
  return opened.load()
}

async function collected(lines: AsyncIterable<string> | Iterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

/** Walks that this process has open. */
function openWalks(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    const path = `/proc/self/fd/${fd}`
    // The one that reads the folder is closed by now.
    return existsSync(path) && readlinkSync(path).includes('bpf_iter')
  }).length
}

describeInKernel('iterators', () => {
  test('print what they walk over, anew at each reading', async () => {
    const opened = await load()
    expect(() => opened.attach()).toThrow(/attachIter\(\{ map \}\) \(EBADF\)/)
    opened.progs.elements.autoattach = false
    const { tasks, elements } = opened.attach().links
    expect(elements).toBeNull()
    const mine = `${process.pid} ${process.pid}`
    expect(tasks?.text().split('\n')).toContain(mine)
    expect(await collected(tasks?.lines() ?? [])).toContain(mine)
    expect(String(tasks?.read())).toContain(`${mine}\n`)
    const child = spawn('sleep', ['60'])
    onTestFinished(() => void child.kill())
    expect(tasks?.text()).toContain(`${child.pid} ${child.pid}\n`)
    expect(tasks?.info).toMatchObject({ type: 'iter', target: 'task' })
  })

  test('map iterators: of the map that is given', async () => {
    const { progs, maps } = await load()
    for (let key = 1; key <= 3; key++) maps.numbers.set(key, key * key)
    const link = progs.elements.attachIter({ map: maps.numbers })
    expect(link.text().split('\n').toSorted()).toEqual(['', '1=1', '2=4', '3=9'])
    expect(link.info).toMatchObject({ type: 'iter', mapId: maps.numbers.id })
    maps.numbers.clear()
    expect(link.text()).toBe('')
    expect(await collected(link.lines())).toEqual([])
    expect(() => progs.elements.attachIter()).toThrow(expect.objectContaining({ code: 'EBADF' }))
    expect(() => progs.elements.attachIter({ map: 'numbers' as never })).toThrow(TypeError)
  })

  test.skipIf(release < 601)(
    'task iterators: of one process, of one thread (Linux 6.1)',
    async () => {
      const { progs } = await load()
      const threads = new Set(readdirSync('/proc/self/task'))
      const ofProcess = progs.tasks.attachIter({ pid: 'self' }).text().trim().split('\n')
      expect(ofProcess.every((line) => line.startsWith(`${process.pid} `))).toBe(true)
      expect(ofProcess.length).toBeGreaterThanOrEqual(threads.size)
      const ofThread = progs.tasks.attachIter({ tid: process.pid })
      expect(ofThread.text()).toBe(`${process.pid} ${process.pid}\n`)
      expect(() => progs.tasks.attachIter({ pid: -1 })).toThrow(RangeError)
      expect(() => progs.tasks.attachIter({ pid: 1, tid: 1 })).toThrow(/not both/)
      expect(() => progs.tasks.attachIter({ pids: 1 } as object)).toThrow(/no option "pids"/)
    },
  )

  describe.skipIf(!cgroupRoot || release < 601)('of cgroups (cgroup2, Linux 6.1)', () => {
    test('start where they are told, in the order that is asked for', async () => {
      const { progs } = await load('cgroups')
      const outer = makeCgroup()
      const inner = makeCgroup(outer)
      const [outerId, innerId] = [outer, inner].map((path) => String(statSync(path).ino))
      const walk = (options: Parameters<IterProgram['attachIter']>[0]): string[] =>
        progs.cgroups.attachIter(options).text().trim().split('\n')
      expect(walk({ cgroup: outer })).toEqual([outerId, innerId])
      expect(walk({ cgroup: outer, order: 'descendants_post' })).toEqual([innerId, outerId])
      expect(walk({ cgroup: outer, order: 'self_only' })).toEqual([outerId])
      expect(walk({ cgroup: inner, order: 'ancestors_up' }).slice(0, 2)).toEqual([innerId, outerId])
      expect(walk({ cgroupId: BigInt(innerId ?? 0), order: 'self_only' })).toEqual([innerId])
      expect(() => walk({ cgroup: outer, order: 'up' as 'children' })).toThrow(
        /order must be one of/,
      )
      expect(() => walk({ cgroup: '/no/such' })).toThrow(/ENOENT/)
    })
  })

  test('leave no descriptor behind, read to the end or not', async () => {
    const { progs } = await load()
    const link = progs.tasks.attachIter()
    link.read()
    for await (const line of link.lines()) {
      expect(line).toMatch(/^\d+ \d+$/)
      expect(openWalks()).toBe(1)
      break
    }
    expect(openWalks()).toBe(0)
    link.destroy()
    expect(() => link.text()).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
  })
})

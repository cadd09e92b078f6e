import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  CgroupStorage,
  CgrpStorage,
  InodeStorage,
  PerCpuCgroupStorage,
  Program,
  SkeletonInstance,
  SkStorage,
  TaskStorage,
} from '../../../src/runtime/index.ts'
import { BpfError } from '../../../src/runtime/index.ts'
import type { cgroupSkbProgram, iterProgram } from '../../../src/runtime/internal.ts'
import { possibleCpus } from '../../../src/runtime/maps/per-cpu.ts'
import { build } from '../build.ts'
import { cgroup2 } from '../cgroup2.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct value { __u64 count; char name[8]; };
/* Newer than the headers of some systems. */
#define CGRP_STORAGE 32
static void *(*cgrp_storage_get)(void *map, void *cgroup, void *value, __u64 flags) = (void *)210;
#define STORAGE(name, kind) struct { \\
	__uint(type, kind); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct value); } name SEC(".maps")
STORAGE(tasks, BPF_MAP_TYPE_TASK_STORAGE);
STORAGE(inodes, BPF_MAP_TYPE_INODE_STORAGE);
STORAGE(sockets, BPF_MAP_TYPE_SK_STORAGE);
STORAGE(groups, CGRP_STORAGE);
struct { __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE); __type(key, struct bpf_cgroup_storage_key); __type(value, struct value); } attached SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE); __type(key, __u64); __type(value, __u64); } attached_cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct value); } found SEC(".maps");

#define OF_KERNEL __attribute__((preserve_access_index))
struct cgroup { int level; } OF_KERNEL;
struct css_set { struct cgroup *dfl_cgrp; } OF_KERNEL;
struct task_struct { struct css_set *cgroups; } OF_KERNEL;
struct sock;
struct bpf_iter_meta { __u64 session_id; } OF_KERNEL;
struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	void *map;
	struct sock *sk;
	struct value *value;
} OF_KERNEL;

SEC("tp_btf/sys_enter")
int look(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 zero = 0;
	struct value *value = bpf_task_storage_get(&tasks, task, 0, 0);
	if (value) {
		bpf_map_update_elem(&found, &zero, value, 0);
		value->count++;
	}
	return 0;
}

SEC("tp_btf/sys_enter")
int look_at_group(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 one = 1;
	struct value *value = cgrp_storage_get(&groups, task->cgroups->dfl_cgrp, 0, 0);
	if (value)
		bpf_map_update_elem(&found, &one, value, 0);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int each(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	__u32 two = 2;
	struct value *value = ctx->value;
	if (value)
		bpf_map_update_elem(&found, &two, value, 0);
	return 0;
}

SEC("cgroup_skb/egress")
int count(struct __sk_buff *skb)
{
	struct value *value = bpf_get_local_storage(&attached, 0);
	__u64 *cpu = bpf_get_local_storage(&attached_cpus, 0);
	__sync_fetch_and_add(&value->count, 1);
	(*cpu)++;
	return 1;
}
`

interface Value {
  count: bigint
  name: string
}
interface Test extends SkeletonInstance {
  maps: {
    tasks: TaskStorage<Value>
    inodes: InodeStorage<Value>
    sockets: SkStorage<Value>
    groups: CgrpStorage<Value>
    attached: CgroupStorage<{ cgroup_inode_id: bigint; attach_type: number }, Value>
    attached_cpus: PerCpuCgroupStorage<bigint, bigint>
    found: ArrayMap<Value>
  }
  progs: {
    look: Program
    look_at_group: Program
    each: InstanceType<typeof iterProgram>
    count: InstanceType<typeof cgroupSkbProgram>
  }
}

/** Opens with only the maps of one test: the kernel may lack the types of others. */
async function load(...wanted: (keyof Test['maps'] | keyof Test['progs'])[]): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  const names = new Set<string>([...wanted, 'found'])
  for (const item of Object.values(opened.maps)) item.autocreate = names.has(item.name)
  for (const item of Object.values(opened.progs)) item.autoload = names.has(item.name)
  return opened.load()
}

const code = (code: string): unknown => expect.objectContaining({ code })

/** Whether this kernel has a version or a later one. */
function isAtLeast(major: number, minor: number): boolean {
  const [ours = 0, minors = 0] = release().split('.').map(Number)
  return ours > major || (ours === major && minors >= minor)
}

function madeGroup(): string {
  const path = `${cgroup2}/unplugin-bpf-storage-${process.pid}`
  mkdirSync(path)
  onTestFinished(() => rmdirSync(path))
  return path
}

describeInKernel('local storage', () => {
  test('of tasks takes a pid', async () => {
    const { maps, progs } = await load('tasks', 'look')
    const { tasks, found } = maps
    tasks.set(process.pid, { count: 41, name: 'task' })
    progs.look.attach()
    process.cwd()
    expect(found.get(0)?.name).toBe('task')
    expect(tasks.get(process.pid)?.count).toBeGreaterThan(41n)
    const thread = readdirSync('/proc/self/task')
      .map(Number)
      .find((tid) => tid !== process.pid)
    if (thread && isAtLeast(6, 9)) {
      expect(tasks.set(thread, { count: 2, name: 'thread' }).get(thread)?.name).toBe('thread')
      expect(tasks.delete(thread)).toBe(true)
    }
    const child = spawn('sleep', ['60'])
    onTestFinished(() => void child.kill())
    const pid = child.pid ?? 0
    expect([tasks.get(pid), tasks.has(pid)]).toEqual([undefined, false])
    tasks.set(pid, { count: 1, name: 'child' }, 'noexist')
    expect(() => tasks.set(pid, { count: 1, name: '' }, 'noexist')).toThrow(code('EEXIST'))
    expect(tasks.get(pid)).toMatchObject({ name: 'child' })
    expect([tasks.delete(pid), tasks.delete(pid)]).toEqual([true, false])
    expect(() => tasks.set(pid, { count: 1, name: '' }, 'exist')).toThrow(code('ENOENT'))
    child.kill()
    await once(child, 'exit')
    expect(() => tasks.get(pid)).toThrow(code('ESRCH'))
    expect(() => tasks.get(-1)).toThrow(RangeError)
    expect(() => tasks.get('1' as never)).toThrow(TypeError)
    expect(() => tasks.set(process.pid, { count: 1 } as never)).toThrow(/name/)
  })

  test.skipIf(!cgroup2 || !isAtLeast(6, 2))(
    'of cgroups takes a path or descriptor (cgroup2 is mounted, Linux 6.2)',
    async () => {
      const { maps, progs } = await load('groups', 'look_at_group')
      const { groups, found } = maps
      const path = madeGroup()
      groups.set(path, { count: 1, name: 'group' })
      const fd = openSync(path, 'r')
      expect(groups.get(fd)).toEqual({ count: 1n, name: 'group' })
      closeSync(fd)
      progs.look_at_group.attach()
      execFileSync('sh', ['-c', `echo $$ > ${path}/cgroup.procs`])
      expect(found.get(1)).toEqual({ count: 1n, name: 'group' })
      expect([groups.delete(path), groups.delete(path)]).toEqual([true, false])
      expect(() => groups.get('/tmp')).toThrow(code('EBADF'))
      expect(() => groups.get('/no/such/group')).toThrow(code('ENOENT'))
    },
  )

  test('of sockets takes a socket', async () => {
    const { maps, progs } = await load('sockets', 'each')
    const { sockets, found } = maps
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    sockets.set(server, { count: 5, name: 'socket' })
    expect(sockets.get(server)).toEqual({ count: 5n, name: 'socket' })
    expect(progs.each.attachIter({ map: sockets }).text()).toBe('')
    expect(found.get(2)).toEqual({ count: 5n, name: 'socket' })
    expect(sockets.raw.get(server)).toHaveLength(16)
    expect([sockets.delete(server), sockets.has(server)]).toEqual([true, false])
    server.close()
    await once(server, 'close')
    expect(() => sockets.get(server)).toThrow(code('ERR_BPF_STATE'))
  })

  test('of inodes takes a path or descriptor', async ({ skip }) => {
    const loaded = await load('inodes').catch((error: unknown) => {
      if (error instanceof BpfError && error.code === 'EINVAL') return undefined
      throw error
    })
    if (!loaded) return skip('this kernel has no inode storage')
    const { inodes } = loaded.maps
    const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-inodes-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [file, other, symbolic] = ['file', 'other', 'symbolic'].map((name) => join(folder, name))
    if (!file || !other || !symbolic) throw new Error('no names')
    writeFileSync(file, '')
    linkSync(file, other)
    symlinkSync(file, symbolic)
    try {
      inodes.set(file, { count: 1, name: 'file' })
    } catch (error) {
      // Without the bpf security module inodes have no storage.
      if (error instanceof BpfError && error.code === 'EBADF') return skip('lsm=bpf is not on')
      throw error
    }
    const value = { count: 1n, name: 'file' }
    expect([inodes.get(other), inodes.get(symbolic), inodes.get(folder)]).toEqual([
      value,
      value,
      undefined,
    ])
    expect([inodes.delete(other), inodes.has(file)]).toEqual([true, false])
    expect(() => inodes.get(join(folder, 'none'))).toThrow(code('ENOENT'))
  })

  test.skipIf(!cgroup2)('of attachments takes cgroup ids (cgroup2 is mounted)', async () => {
    const { maps, progs } = await load('attached', 'attached_cpus', 'count')
    const { attached, attached_cpus } = maps
    const path = madeGroup()
    progs.count.attachCgroup(path)
    const [key] = attached.keys()
    if (!key) throw new Error('no storage')
    expect(attached.get(key)).toEqual({ count: 0n, name: '' })
    attached.set(key, { count: 10, name: 'mine' })
    const cpus = possibleCpus()
    attached_cpus.set(
      key.cgroup_inode_id,
      Array.from({ length: cpus }, () => 100),
    )
    execFileSync('bash', ['-c', `echo $$ > ${path}/cgroup.procs && echo hi > /dev/udp/127.0.0.1/9`])
    const after = attached.get(key)
    expect(after?.name).toBe('mine')
    expect(after?.count).toBeGreaterThan(10n)
    const each = attached_cpus.get(key.cgroup_inode_id) ?? []
    expect(each).toHaveLength(cpus)
    expect(each.reduce((sum, count) => sum + count)).toBe(
      100n * BigInt(cpus) + (after?.count ?? 0n) - 10n,
    )
    expect([...attached_cpus.keys()]).toEqual([key.cgroup_inode_id])
    expect(() => attached.set({ ...key, cgroup_inode_id: 1 }, { count: 1, name: '' })).toThrow(
      code('ENOENT'),
    )
  })

  test('throws after destroy', async () => {
    const loaded = await load('tasks')
    const { tasks } = loaded.maps
    loaded.destroy()
    expect(() => tasks.get(process.pid)).toThrow(code('ERR_BPF_STATE'))
  })
})

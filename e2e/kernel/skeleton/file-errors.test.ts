import { expect, onTestFinished, test } from 'vitest'

import { BpfError, BpfMap, Link } from '../../../src/runtime/index.ts'
import type { SkeletonInstance } from '../../../src/runtime/index.ts'
import type {
  cgroupSkbProgram,
  iterProgram,
  kprobeProgram,
  skLookupProgram,
} from '../../../src/runtime/internal.ts'
import { processSymbols } from '../../../src/runtime/symbols/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct { __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } groups SEC(".maps");
SEC("?uprobe") int probe(void *ctx) { return 0; }
SEC("?cgroup_skb/egress") int group(struct __sk_buff *skb) { return 1; }
SEC("sk_lookup") int look(struct bpf_sk_lookup *ctx) { return SK_PASS; }
SEC("?iter/cgroup") int walk(void *ctx) { return 0; }
`
interface Test extends SkeletonInstance {
  maps: { groups: BpfMap & { set(key: number, value: string): void } }
  progs: {
    probe: InstanceType<typeof kprobeProgram>
    group: InstanceType<typeof cgroupSkbProgram>
    look: InstanceType<typeof skLookupProgram>
    walk: InstanceType<typeof iterProgram>
  }
}
const none = '/no/such/place'

function made(): BpfMap {
  const map = BpfMap.create({ type: 'array', valueSize: 4, maxEntries: 1 })
  onTestFinished(() => map.close())
  return map
}

const calls: [what: string, call: (test: Test) => unknown, operation: string, object: string][] = [
  ['a binary', ({ progs }) => progs.probe.attachUprobe(none, { symbol: 'f' }), 'open', none],
  [
    'a library',
    ({ progs }) => progs.probe.attachUprobe('libnone.so', { symbol: 'f' }),
    'find',
    'libnone.so',
  ],
  ['a cgroup', ({ progs }) => progs.group.attachCgroup(none), 'open', none],
  ['a cgroup to walk', ({ progs }) => progs.walk.attachIter({ cgroup: none }), 'open', none],
  ['a namespace', ({ progs }) => progs.look.attachNetns('none'), 'open', '/run/netns/none'],
  ['a cgroup for a map', ({ maps }) => maps.groups.set(0, none), 'open', none],
  ['a pinned link', () => Link.open(none), 'open', `the link ${none}`],
  ['a pinned map', () => BpfMap.open(none, 'hash'), 'open', none],
  ['a pin to remove', () => made().unpin(none), 'remove', none],
  ['a process', () => processSymbols(0x7fff_fff0), 'read', 'the memory map of process 2147483632'],
]

describeInKernel('the error of a path that does not exist is about', () => {
  test.each(calls)('%s', async (what, call, operation, object) => {
    const { default: skel } = await build<Test>(source)
    const opened = skel.open()
    onTestFinished(() => opened.destroy())
    for (const name of ['probe', 'group'] as const) opened.progs[name].autoload = true
    opened.load()
    let error: unknown
    try {
      call(opened)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(BpfError)
    expect(error).toMatchObject({ code: 'ENOENT', errno: 2, operation, object })
    const { cause, message } = error as BpfError
    if (operation === 'open' && !object.startsWith('the link') && what !== 'a pinned map') {
      const hint = object === none ? '/no does not exist' : 'Give a name that `ip netns list` shows'
      expect(message).toMatch(`no such file or directory. ${hint}`)
    }
    if (cause !== undefined) expect(cause).toMatchObject({ code: 'ENOENT' })
  })
})

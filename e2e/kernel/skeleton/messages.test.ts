/**
 * What users read when an operation is refused: what failed, on what, why, and what to do, the errno last. Each row
 * provokes one refusal by the real kernel, libbpf or file.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { BpfMap } from '../../../src/runtime/index.ts'
import type {
  ArrayMap,
  CgroupArray,
  CgroupSkbProgram,
  ExtensionProgram,
  FentryProgram,
  HashMap,
  KprobeProgram,
  PerfEventProgram,
  Program,
  Queue,
  RawTracepointProgram,
  SkeletonInstance,
  SkReuseportProgram,
  TracepointProgram,
  XdpProgram,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'
import { hasSdt } from '../probed.ts'

const map = (name: string, type: string, more: string): string =>
  `struct { __uint(type, BPF_MAP_TYPE_${type}); ${more} } ${name} SEC(".maps");`
const elements = '__type(key, __u32); __type(value, __u64);'
const descriptors = '__uint(key_size, 4); __uint(value_size, 4); __uint(max_entries, 2);'
const source = `
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>
${map('counts', 'HASH', `${elements} __uint(max_entries, 1);`)}
${map('slots', 'ARRAY', `${elements} __uint(max_entries, 2);`)}
${map('queue', 'QUEUE', '__type(value, __u64); __uint(max_entries, 1);')}
${map('groups', 'CGROUP_ARRAY', descriptors)}
${map('outer', 'ARRAY_OF_MAPS', descriptors)}
${map('pinned', 'HASH', `${elements} __uint(max_entries, 1); __uint(pinning, LIBBPF_PIN_BY_NAME);`)}
SEC("?perf_event") int sample(void *ctx) { return 0; }
SEC("?tracepoint/sched/sched_proces_exec") int point(void *ctx) { return 0; }
SEC("?raw_tp/sched_proces_exec") int raw(void *ctx) { return 0; }
SEC("?tp_btf/sched_proces_exec") int typed(void *ctx) { return 0; }
SEC("?fentry/do_unlinkatt") int entry(void *ctx) { return 0; }
SEC("?fentry") int nowhere(void *ctx) { return 0; }
SEC("?lsm/file_opem") int hook(void *ctx) { return 0; }
SEC("?iter/tasks") int walk(void *ctx) { return 0; }
SEC("?kprobe/do_unlinkatt") int probe(void *ctx) { return 0; }
SEC("?uprobe") int user(void *ctx) { return 0; }
SEC("?usdt") int mark(struct pt_regs *ctx) { return 0; }
SEC("?freplace") int replacement(struct __sk_buff *ctx) { return 0; }
SEC("?xdp") int packet(void *ctx) { return 2; }
SEC("?cgroup_skb/egress") int egress(void *ctx) { return 1; }
SEC("?sk_reuseport") int choose(void *ctx) { return 1; }
`

interface Refused extends SkeletonInstance {
  readonly maps: {
    readonly counts: HashMap<number, bigint>
    readonly slots: ArrayMap<bigint>
    readonly queue: Queue<bigint>
    readonly groups: CgroupArray
    readonly outer: BpfMap
    readonly pinned: BpfMap
  }
  readonly progs: {
    readonly sample: PerfEventProgram
    readonly point: TracepointProgram
    readonly raw: RawTracepointProgram
    readonly typed: Program
    readonly entry: FentryProgram
    readonly nowhere: FentryProgram
    readonly hook: Program
    readonly walk: Program
    readonly probe: KprobeProgram
    readonly user: KprobeProgram
    readonly mark: KprobeProgram
    readonly replacement: ExtensionProgram
    readonly packet: XdpProgram
    readonly egress: CgroupSkbProgram
    readonly choose: SkReuseportProgram
  }
}

interface Row {
  readonly name: string
  /** Maps and programs that are loaded; all others are left out. */
  readonly uses: readonly string[]
  /** Between open and load. */
  readonly before?: (opened: Refused) => void
  readonly act?: (opened: Refused) => unknown
  /** Parts of the message, in this order. */
  readonly says: readonly RegExp[]
}

const server = createServer()
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-messages-'))
const [program, script] = [join(folder, 'program'), join(folder, 'script')]
const pin = `/sys/fs/bpf/unplugin-bpf-messages-${process.pid}`

const leftOut = /set autoload to false/
const rows: readonly Row[] = [
  {
    name: 'a full hash map',
    uses: ['counts'],
    act: ({ maps }) => maps.counts.set(1, 1n).set(2, 1n),
    says: [
      /set an element of map counts/,
      /is full, its maxEntries is 1/,
      /maps\.counts\.maxEntries/,
      /LRU_HASH/,
    ],
  },
  {
    name: 'an index past the end',
    uses: ['slots'],
    act: ({ maps }) => maps.slots.set(7, 1n),
    says: [/map slots/, /index is past its maxEntries, 2/, /from 0 to 1/],
  },
  {
    name: 'a full queue',
    uses: ['queue'],
    act: ({ maps }) => maps.queue.push(1n).push(2n),
    says: [/map queue/, /full/, /pop\(\) values, or push\(value, 'exist'\)/],
  },
  {
    name: 'a cgroup map with a path that is none',
    uses: ['groups'],
    act: ({ maps }) => maps.groups.set(0, folder),
    says: [
      /map groups/,
      /unplugin-bpf-messages-\w+ is not a directory of cgroup2/,
      /mount -t cgroup2/,
    ],
  },
  {
    name: 'a program for a cgroup that is none',
    uses: ['egress'],
    act: ({ progs }) => progs.egress.attachCgroup(folder),
    says: [/program egress/, /is not a directory of cgroup2/],
  },
  {
    name: 'a map of maps without an inner one',
    uses: ['outer'],
    says: [
      /map 'outer'/,
      /does not declare its inner maps/,
      /__array\(values, .*maps\.outer\.innerMap/,
    ],
  },
  {
    name: 'a map without entries',
    uses: ['counts'],
    before: ({ maps }) => (maps.counts.maxEntries = 0),
    says: [/map 'counts'/, /does not declare all its sizes: set maps\.counts\.maxEntries/],
  },
  {
    name: 'a map that is too large',
    uses: ['counts'],
    before: ({ maps }) => (maps.counts.maxEntries = 4_000_000_000),
    says: [
      /map 'counts'/,
      /maxEntries, 4000000000, may be more/,
      /set a smaller maps\.counts\.maxEntries/,
    ],
  },
  {
    name: 'a pinned map of another shape',
    uses: ['pinned'],
    before({ maps }) {
      const other = BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 9 })
      other.pin(pin)
      other.close()
      maps.pinned.pinPath = pin
    },
    says: [
      /couldn't reuse pinned map/,
      /differs in valueSize \(8 declared, 4 given\), maxEntries \(1 declared, 9 given\)/,
      /rm .*another pinPath/,
    ],
  },
  {
    name: 'a pin that is not there',
    uses: [],
    act: () => BpfMap.open(`${pin}-none`),
    says: [/open \/sys\/fs\/bpf/, /No map is pinned at/, /find \/sys\/fs\/bpf` lists/],
  },
  {
    name: 'an id that no map has',
    uses: [],
    act: () => BpfMap.fromId(4_000_000_000),
    says: [/map with id 4000000000/, /bpftool map list/],
  },
  {
    name: 'a hardware counter that the machine does not have',
    uses: ['sample'],
    act: ({ progs }) => progs.sample.attachPerfEvent({ config: 'ref-cycles', frequency: 1 }),
    says: [
      /perf event on CPU 0 for program sample/,
      /does not count that in hardware/,
      /cpu-clock/,
    ],
  },
  {
    name: 'an event source that there is not',
    uses: ['sample'],
    act: ({ progs }) => progs.sample.attachPerfEvent({ type: 9999, config: 0, frequency: 1 }),
    says: [/no event source of type 9999/, /event_source\/devices/],
  },
  {
    name: 'a CPU that there is not',
    uses: ['sample'],
    act: ({ progs }) =>
      progs.sample.attachPerfEvent({ config: 'cpu-clock', frequency: 1, cpu: 4095 }),
    says: [/CPU 4095 is not online: 0/],
  },
  {
    name: 'a frequency that is too high',
    uses: ['sample'],
    act: ({ progs }) => progs.sample.attachPerfEvent({ config: 'cpu-clock', frequency: 1e9 }),
    says: [/at most \d+ here.*perf_event_max_sample_rate/],
  },
  {
    name: 'a tracepoint, misspelt',
    uses: ['point'],
    act: (opened) => opened.attach(),
    says: [/program point/, /did you mean sched\/sched_process_exec/, leftOut],
  },
  {
    name: 'the category of a tracepoint, misspelt',
    uses: ['point'],
    act: ({ progs }) => progs.point.attachTracepoint('shed', 'sched_switch'),
    says: [/tracepoint shed\/sched_switch/, /did you mean sched\/sched_switch/],
  },
  {
    name: 'a raw tracepoint, misspelt',
    uses: ['raw'],
    act: (opened) => opened.attach(),
    says: [/program raw/, /did you mean sched_process_exec/, leftOut],
  },
  ...(
    [
      ['typed', /tracepoint sched_proces_exec \(did you mean sched_process_exec/],
      ['entry', /function do_unlinkatt \(did you mean do_unlinkat\b/],
      ['hook', /LSM hook file_opem \(did you mean file_open/],
      ['walk', /iterator tasks \(did you mean task\b/],
    ] as const
  ).map(([name, near]) => ({
    name: `a target that kernel BTF does not have, of ${name}`,
    uses: [name],
    says: [new RegExp(`load program ${name}`), near, /setAttachTarget\(null, 'name'\)/, leftOut],
  })),
  {
    name: 'no target at all',
    uses: ['nowhere'],
    says: [
      /load program nowhere/,
      /SEC\("fentry"\) names no target/,
      /setAttachTarget\(null, 'name'\)/,
    ],
  },
  {
    name: 'setAttachTarget() of a function that there is not',
    uses: ['nowhere'],
    before: ({ progs }) => progs.nowhere.setAttachTarget(null, 'do_unlinkatt'),
    says: [/set the attach target do_unlinkatt of program nowhere/, /did you mean do_unlinkat\b/],
  },
  {
    name: 'a replacement of nothing',
    uses: ['replacement'],
    says: [
      /load program replacement/,
      /names no function to replace/,
      /setAttachTarget\(program, 'function'\)/,
    ],
  },
  {
    name: 'a kernel function that there is not',
    uses: ['probe'],
    act: (opened) => opened.attach(),
    says: [
      /program probe/,
      /do_unlinkatt/,
      /did you mean do_unlinkat\b|This kernel has no kprobes/,
    ],
  },
  {
    name: 'a function that the binary imports',
    uses: ['user'],
    act: ({ progs }) => progs.user.attachUprobe(program, { symbol: 'malloc' }),
    says: [/program user/, /program imports malloc, and does not define it/, /libc\.so\.6/],
  },
  {
    name: 'a function of a binary, misspelt',
    uses: ['user'],
    act: ({ progs }) => progs.user.attachUprobe(program, { symbol: 'do_somthing' }),
    says: [/has no function do_somthing \(did you mean do_something\?\)/, /offset/],
  },
  {
    name: 'a uprobe in a script',
    uses: ['user'],
    act: ({ progs }) => progs.user.attachUprobe(script, { symbol: 'main' }),
    says: [/script is not an ELF file/, /path of a program or library/],
  },
  {
    name: 'a library that there is not',
    uses: ['user'],
    act: ({ progs }) => progs.user.attachUprobe('libnosuch.so.1', { symbol: 'main' }),
    says: [/find libnosuch\.so\.1/, /give its path/],
  },
  {
    name: 'an interface that there is not',
    uses: ['packet'],
    act: ({ progs }) => progs.packet.attachXdp('nosuch0'),
    says: [/network interface nosuch0: .*no interface of that name/, /`ip link`/],
  },
  {
    name: 'an interface index that there is not',
    uses: ['packet'],
    act: ({ progs }) => progs.packet.attachXdp(0x7fff_fff0),
    says: [/network interface 2147483632: .*no interface of that index/, /`ip link`/],
  },
  {
    name: 'a mode that the driver does not have',
    uses: ['packet'],
    act: ({ progs }) => progs.packet.attachXdp('lo', { mode: 'offload' }),
    says: [/program packet/, /driver of lo has no offload mode/, /leave mode out, or use generic/],
  },
  {
    name: 'a section that names no place to attach to',
    uses: ['packet'],
    act: ({ progs }) => progs.packet.attach(),
    says: [/program packet/, /SEC\("\?xdp"\)|SEC\("xdp"\)/, /use an attach method that names one/],
  },
  {
    name: 'a pin outside of a BPF file system',
    uses: ['packet'],
    act: ({ progs }) => progs.packet.pin(join(folder, 'pin')),
    says: [/pin program packet/, /BPF file system/],
  },
  {
    name: 'a socket that shares its port with none',
    uses: ['choose'],
    act: ({ progs }) => progs.choose.attachReuseport(server),
    says: [/program choose/, /SO_REUSEPORT/],
  },
]

/** What failed: why. What to do (ERRNO) */
const form = /^cannot \S.*?: .+\. \S.+ \([A-Z_\d]+\)$/s

describeInKernel('a refusal says what failed, why, and what to do', async () => {
  const { default: skel } = await build<Refused>(source)

  beforeAll(async () => {
    writeFileSync(script, '#!/bin/sh\n')
    writeFileSync(
      `${program}.c`,
      `#include <stdlib.h>
       ${hasSdt ? '#include <sys/sdt.h>' : '#define STAP_PROBE(provider, name)'}
       __attribute__((noinline)) void do_something(void) { STAP_PROBE(shop, sold); __asm__ volatile(""); }
       int main(int argc, char **argv) { do_something(); return malloc(argc) == 0; }`,
    )
    execFileSync('gcc', ['-o', program, `${program}.c`])
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  })
  afterAll(() => {
    server.close()
    rmSync(folder, { recursive: true })
    rmSync(pin, { force: true })
  })

  function messageOf({ uses, before, act }: Omit<Row, 'says'>): string {
    const opened = skel.open()
    try {
      for (const [name, each] of Object.entries(opened.maps)) each.autocreate = uses.includes(name)
      for (const [name, each] of Object.entries(opened.progs)) each.autoload = uses.includes(name)
      before?.(opened)
      opened.load()
      act?.(opened)
    } catch (error) {
      return String((error as Error).message)
    } finally {
      opened.destroy()
    }
    throw new Error('nothing was refused')
  }

  test.for(rows)('$name', (row) => {
    const message = messageOf(row)
    expect(message).toMatch(form)
    const places = row.says.map((part) => message.search(part))
    expect([message, places.includes(-1)]).toEqual([message, false])
  })

  test.skipIf(!hasSdt)(
    `a USDT probe that there is not${hasSdt ? '' : ' (skipped: needs sys/sdt.h)'}`,
    () => {
      const uses = ['mark', '__bpf_usdt_specs', '__bpf_usdt_ip_to_spec_id']
      const attach = (binary: string, name: string): string =>
        messageOf({ name, uses, act: ({ progs }) => progs.mark.attachUsdt(binary, 'shop', name) })
      const near = attach(program, 'solt')
      expect(near).toMatch(form)
      expect(near).toMatch(/has no probe shop:solt \(did you mean shop:sold\?\): it has shop:sold/)
      expect(attach('/bin/sh', 'sold')).toMatch(/has no USDT probes/)
    },
  )

  test.for([
    [-1, /not -1: for every process, leave it out/],
    [0, /not 0: for this process, give 'self'; for every process, leave it out/],
  ] as const)('the pid %i, from habit of C', ([pid, says]) => {
    const act: Row['act'] = ({ progs }) =>
      progs.user.attachUprobe('libc.so.6', { symbol: 'getpid', pid })
    expect(messageOf({ name: '', uses: ['user'], act })).toMatch(says)
  })
})

/** What each program type needs, measured: as nobody with exactly the capabilities of the table, and with one less. */
import { chmodSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { Capability } from '../../../src/runtime/host/capabilities.ts'
import { missingCapabilities, impliedBySysAdmin } from '../../../src/runtime/host/capabilities.ts'
import {
  capabilitiesForMap,
  networkMapTypes,
} from '../../../src/runtime/maps/needed-capabilities.ts'
import type { ProgramTypeName } from '../../../src/runtime/probe/program-type.ts'
import { neededCapabilities } from '../../../src/runtime/programs/needed-capabilities.ts'
import { build } from '../build.ts'
import { cgroupRoot } from '../cgroup.ts'
import { runChild } from '../child.ts'
import { ownNetwork } from '../netns.ts'

const keyOf = (capabilities: readonly Capability[]): string => capabilities.toSorted().join()

/** A program of each type, and how it is attached; without that, the load alone is measured. */
interface Case {
  readonly name: string
  readonly type: ProgramTypeName
  readonly section: string
  /** The expression that attaches `program`. */
  readonly attach?: string
  /** The way of attaching in the table. */
  readonly how?: RegExp
}

const toCgroup = { attach: 'program.attachCgroup(cgroup)' }
const cases: readonly Case[] = [
  {
    name: 'raw_tp',
    type: 'raw_tracepoint',
    section: 'raw_tp/sys_enter',
    attach: 'program.attach()',
  },
  {
    name: 'raw_tp_w',
    type: 'raw_tracepoint_writable',
    section: 'raw_tp.w/sys_enter',
    attach: 'program.attach()',
  },
  { name: 'tp_btf', type: 'tracing', section: 'tp_btf/sys_enter', attach: 'program.attach()' },
  { name: 'iterator', type: 'tracing', section: 'iter/task', attach: 'program.attach()' },
  { name: 'fentry', type: 'tracing', section: 'fentry/do_nanosleep', attach: 'program.attach()' },
  { name: 'lsm', type: 'lsm', section: 'lsm/file_open', attach: 'program.attach()' },
  {
    name: 'tracepoint',
    type: 'tracepoint',
    section: 'tracepoint/raw_syscalls/sys_enter',
    attach: 'program.attach()',
    how: /^attachTracepoint/,
  },
  { name: 'kprobe', type: 'kprobe', section: 'kprobe/do_nanosleep', attach: 'program.attach()' },
  {
    name: 'uprobe',
    type: 'kprobe',
    section: 'uprobe',
    attach: "program.attachUprobe('libc.so.6', { symbol: 'getpid' })",
    how: /^attachUprobe/,
  },
  {
    name: 'uprobe_multi',
    type: 'kprobe',
    section: 'uprobe.multi',
    attach: "program.attachUprobeMulti('libc.so.6', ['getpid'])",
  },
  {
    name: 'perf_event',
    type: 'perf_event',
    section: 'perf_event',
    attach: "program.attachPerfEvent({ config: 'cpu-clock', frequency: 1 })",
  },
  { name: 'syscall', type: 'syscall', section: 'syscall', attach: 'program.testRun()' },
  {
    name: 'on_socket',
    type: 'socket_filter',
    section: 'socket',
    attach: 'program.attachSocketFilter(server)',
  },
  {
    name: 'on_interface',
    type: 'socket_filter',
    section: 'socket',
    attach: "program.attachSocketFilter('lo')",
    how: /^attachSocketFilter/,
  },
  { name: 'reuseport', type: 'sk_reuseport', section: 'sk_reuseport' },
  {
    name: 'xdp',
    type: 'xdp',
    section: 'xdp',
    attach: "program.attachXdp('lo', { mode: 'generic' })",
  },
  { name: 'tc', type: 'sched_cls', section: 'tc', attach: "program.attachTc('lo', 'ingress')" },
  { name: 'tcx', type: 'sched_cls', section: 'tcx/ingress', attach: "program.attachTcx('lo')" },
  { name: 'action', type: 'sched_act', section: 'action' },
  ...(['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'] as const).map((type) => ({
    name: type,
    type,
    section: type,
  })),
  { name: 'lirc', type: 'lirc_mode2', section: 'lirc_mode2' },
  {
    name: 'netfilter',
    type: 'netfilter',
    section: 'netfilter',
    attach: "program.attachNetfilter({ pf: 'ipv4', hooknum: 'local_in', priority: 100 })",
  },
  {
    name: 'dissector',
    type: 'flow_dissector',
    section: 'flow_dissector',
    attach: "program.attachNetns('/proc/self/ns/net')",
  },
  {
    name: 'lookup',
    type: 'sk_lookup',
    section: 'sk_lookup',
    attach: "program.attachNetns('/proc/self/ns/net')",
  },
  {
    name: 'skb_verdict',
    type: 'sk_skb',
    section: 'sk_skb/stream_verdict',
    attach: 'program.attachSockmap(opened.maps.sockmap)',
  },
  {
    name: 'msg',
    type: 'sk_msg',
    section: 'sk_msg',
    attach: 'program.attachSockmap(opened.maps.sockmap)',
  },
  {
    name: 'cgroup_skb',
    type: 'cgroup_skb',
    section: 'cgroup_skb/egress',
    how: /^attachCgroup/,
    ...toCgroup,
  },
  { name: 'sock', type: 'cgroup_sock', section: 'cgroup/sock_create', ...toCgroup },
  { name: 'connect', type: 'cgroup_sock_addr', section: 'cgroup/connect4', ...toCgroup },
  { name: 'sysctl', type: 'cgroup_sysctl', section: 'cgroup/sysctl', ...toCgroup },
  { name: 'sockopt', type: 'cgroup_sockopt', section: 'cgroup/getsockopt', ...toCgroup },
  { name: 'device', type: 'cgroup_device', section: 'cgroup/dev', ...toCgroup },
  { name: 'ops', type: 'sock_ops', section: 'sockops', ...toCgroup },
]

/** Of freplace: this kernel refuses it to everyone. Of struct_ops: it is measured as a map. */
const notAmongCases = ['ext', 'struct_ops']

const source = [
  ...cases.map(({ name, section }) => {
    const allowed = /^(netfilter|cgroup|sockops|lookup|sk_)/.test(section) ? 1 : 0
    return `SEC("?${section}") int ${name}(void *ctx) { return ${allowed}; }`
  }),
  ...Object.values(networkMapTypes).map(
    (type) => `struct {
  __uint(type, BPF_MAP_TYPE_${type.toUpperCase()});
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __uint(value_size, 4);
} ${type} SEC(".maps");`,
  ),
].join('\n')

const congestion = `
struct sock;
struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
  __u32 (*undo_cwnd)(struct sock *sk);
  char name[16];
};
SEC("struct_ops/ssthresh") __u32 BPF_PROG(ssthresh, struct sock *sk) { return 2; }
SEC("struct_ops/cong_avoid") void BPF_PROG(cong_avoid, struct sock *sk, __u32 ack, __u32 acked) {}
SEC("struct_ops/undo_cwnd") __u32 BPF_PROG(undo_cwnd, struct sock *sk) { return 2; }
SEC(".struct_ops") struct tcp_congestion_ops measured = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd,
  .name = "bpf_measured",
};
`

interface Attempt {
  readonly what: string
  readonly module: string
  readonly name: string
  readonly attach: string
  readonly wanted: readonly Capability[]
}

interface Outcome {
  readonly code?: string
  readonly message?: string
}
type Outcomes = Readonly<Record<string, Outcome>>

const without = (all: readonly Capability[], left: Capability): Capability[] =>
  all.filter((each) => each !== left)

/** Each named program or map: loads and attaches it, alone. */
const script = `
  import { createServer } from 'node:net'
  const { cgroup, attempts } = JSON.parse(process.env.ATTEMPTS)
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const outcomes = {}
  for (const [name, attach] of attempts) {
    const opened = skel.open()
    try {
      for (const map of Object.keys(opened.maps)) {
        if (opened.struct_ops) continue
        opened.maps[map].autocreate = map === name || (map === 'sockmap' && attach.includes(map))
      }
      if (opened.progs[name]) opened.progs[name].autoload = true
      opened.load()
      const program = opened.progs[name]
      if (attach !== '') new Function('program', 'opened', 'server', 'cgroup', 'return ' + attach)(program, opened, server, cgroup)
      outcomes[name] = {}
    } catch (error) {
      outcomes[name] = { code: error.code ?? error.name, message: error.message }
    }
    opened.destroy()
  }
  server.close()
  console.log(JSON.stringify(outcomes))
`

const isRoot =
  process.platform === 'linux' &&
  process.geteuid?.() === 0 &&
  missingCapabilities([
    'CAP_BPF',
    'CAP_SYS_ADMIN',
    'CAP_NET_ADMIN',
    'CAP_NET_RAW',
    'CAP_DAC_READ_SEARCH',
  ]).length === 0
const possible = isRoot && cgroupRoot !== undefined && ownNetwork()
const describeAsRoot = possible ? describe : describe.skip

const otherwise = possible ? '' : ' (skipped: needs root, and cgroup2)'

describeAsRoot(`what a process needs${otherwise}`, async () => {
  if (!possible) return
  const { file } = await build(source)
  const { file: ops } = await build(congestion)
  for (const module of [file, ops]) chmodSync(dirname(module), 0o755)
  const cgroup = `${cgroupRoot}/unplugin-bpf-capabilities-${process.pid}`
  mkdirSync(cgroup)

  const attempts: readonly Attempt[] = [
    ...cases.map(({ name, type, attach = '', how }) => {
      const { load, attach: ways = [] } = neededCapabilities[type]
      const way = ways.find((each) => how?.test(each.how))
      const wanted = [...load, ...(way?.capabilities ?? [])]
      return { what: `a program of type ${type}`, module: file, name, attach, wanted }
    }),
    ...Object.entries(networkMapTypes).map(([type, name]) => ({
      what: 'a map',
      module: file,
      name,
      attach: '',
      wanted: capabilitiesForMap(Number(type)),
    })),
    {
      what: 'a struct_ops map and its programs',
      module: ops,
      name: 'measured',
      attach: 'opened.maps.measured.attachStructOps()',
      wanted: neededCapabilities.struct_ops.load,
    },
  ]

  /** By set of capabilities, undefined for root's: what became of each attempt. */
  async function run(
    attempts: readonly Attempt[],
    capabilities: readonly Capability[] | undefined,
  ): Promise<Outcomes> {
    const set = ['-all', ...(capabilities ?? []).map((name) => `+${name.slice(4).toLowerCase()}`)]
    const sets = ['inh-caps', 'ambient-caps', 'bounding-set'].map(
      (kind) => `--${kind}=${set.join()}`,
    )
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...sets, '--']
    const outcomes: Record<string, Outcome> = {}
    for (const module of new Set(attempts.map(({ module }) => module))) {
      const own = attempts.filter((attempt) => attempt.module === module)
      const { stdout, stderr } = await runChild(module, script, {
        prefix: capabilities ? nobody : [],
        env: {
          ATTEMPTS: JSON.stringify({
            cgroup,
            attempts: own.map(({ name, attach }) => [name, attach]),
          }),
        },
      })
      if (stdout === '') throw new Error(stderr)
      Object.assign(outcomes, JSON.parse(stdout))
    }
    return outcomes
  }

  /** What each attempt needs, and that with each of it left out: together in as few processes as there are sets. */
  const bySet = new Map<string, { capabilities: readonly Capability[]; attempts: Attempt[] }>()
  for (const attempt of attempts) {
    const { wanted } = attempt
    for (const capabilities of [wanted, ...wanted.map((left) => without(wanted, left))]) {
      const group = bySet.get(keyOf(capabilities)) ?? { capabilities, attempts: [] }
      bySet.set(keyOf(capabilities), group)
      group.attempts.push(attempt)
    }
  }
  const asRoot = await run(attempts, undefined)
  const outcomes = new Map<string, Outcomes>()
  for (const [key, { capabilities, attempts }] of bySet) {
    outcomes.set(key, await run(attempts, capabilities))
  }
  rmdirSync(cgroup)

  test.for(attempts)('$what: $name', ({ name, wanted }, { skip }) => {
    const message = asRoot[name]?.message
    if (message !== undefined) skip(`root cannot here: ${message}`)
    const outcome = (capabilities: readonly Capability[]): Outcome | undefined =>
      outcomes.get(keyOf(capabilities))?.[name]
    expect([wanted, outcome(wanted)]).toEqual([wanted, {}])
    for (const left of wanted) {
      const { code, message } = outcome(without(wanted, left)) ?? {}
      if (wanted.includes('CAP_SYS_ADMIN') && impliedBySysAdmin.includes(left)) {
        expect([left, code]).toEqual([left, undefined])
        continue
      }
      expect([left, code]).toEqual([left, expect.stringMatching(/^(EPERM|EACCES)$/)])
      const advice =
        left === 'CAP_DAC_READ_SEARCH'
          ? /root.*CAP_DAC_READ_SEARCH.*tp_btf/
          : new RegExp(`lacks ${left}\\. .*setcap \\S*${left.toLowerCase()}`)
      expect(message).toMatch(advice)
    }
  })

  test('each type in the table is measured, or says why not', () => {
    const measured = new Set<string>([...cases.map(({ type }) => type), ...notAmongCases])
    expect(Object.keys(neededCapabilities).filter((type) => !measured.has(type))).toEqual([])
  })
})

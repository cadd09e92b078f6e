import { describe, expect, it } from 'vitest'

import { matchSection } from '../../src/object/section-definitions.ts'
import { objectFrom } from './object-from.ts'

describe('programs', () => {
  const { programs, license } = objectFrom(`
    __attribute__((noinline)) int shared(int x) { return x * 3; }
    SEC("xdp") int second_section(void *ctx) { return shared(1); }
    SEC("kprobe/do_exit") int b(void *ctx) { return 0; }
    SEC("kprobe/do_exit") int a(void *ctx) { return shared(2); }
    SEC("?tp_btf/sched_switch") int off(void *ctx) { return 0; }
    SEC("my/own") int unknown(void *ctx) { return 0; }
    static __attribute__((noinline)) int helper(int x) { return x + 1; }
    SEC("socket") int filter(void *ctx) { return helper((long)ctx); }
  `)

  it('are by section, then by offset, without subprograms', () => {
    expect(programs.map(({ name }) => name)).toEqual([
      'second_section',
      'b',
      'a',
      'off',
      'unknown',
      'filter',
    ])
    expect(programs[2]?.offset).toBe(programs[1]?.size)
  })

  it('have the type that their section names', () => {
    expect(programs.map(({ type, attachType }) => [type, attachType])).toEqual([
      ['XDP', 'BPF_XDP'],
      ['KPROBE', undefined],
      ['KPROBE', undefined],
      ['TRACING', 'BPF_TRACE_RAW_TP'],
      ['UNSPEC', undefined],
      ['SOCKET_FILTER', undefined],
    ])
  })

  it('stay unloaded behind a question mark', () => {
    expect(programs.filter(({ autoload }) => !autoload).map(({ section }) => section)).toEqual([
      '?tp_btf/sched_switch',
    ])
  })

  it('come with their licence', () => {
    expect(license).toBe('GPL')
  })

  it('must be global', () => {
    const source = 'static SEC("xdp") __attribute__((used)) int hidden(void *ctx) { return 0; }'
    expect(() => objectFrom(source)).toThrow('program hidden in SEC("xdp") is static')
  })
})

describe('a section name', () => {
  it.each([
    ['kprobe', 'KPROBE', true],
    ['kprobe/do_exit+0x8', 'KPROBE', true],
    ['uprobe.s//bin/sh:main', 'KPROBE', true],
    ['usdt', 'KPROBE', true],
    ['fentry.s/do_exit', 'TRACING', true],
    ['lsm_cgroup/socket_bind', 'LSM', false],
    ['struct_ops.s/init', 'STRUCT_OPS', false],
    ['tcx/ingress', 'SCHED_CLS', false],
    ['xdp.frags/devmap', 'XDP', false],
    ['cgroup/sock_create', 'CGROUP_SOCK', false],
    ['?iter/task', 'TRACING', true],
    ['syscall', 'SYSCALL', false],
  ])('%s stands for %s', (section, type, autoattach) => {
    const definition = matchSection(section)?.definition
    expect(definition?.type).toBe(type)
    expect(definition?.attachedBy !== undefined).toBe(autoattach)
  })

  it.each(['kprobes', 'kprobe.s/x', 'xdp/eth0', 'tc/x', 'cgroup/skb/ingress', 'socket1', ''])(
    '%s is none that libbpf knows',
    (section) => {
      expect(matchSection(section)).toBeUndefined()
    },
  )

  it('says whether its programs may sleep', () => {
    const matches = ['lsm.s/x', 'lsm/x', 'syscall'].map(matchSection)
    expect(matches.map((match) => match?.definition.sleepable)).toEqual([true, undefined, true])
  })
})

import { BPF_F_MMAPABLE, BPF_F_STACK_BUILD_ID } from '../object/map-type.ts'
import type { BpfMap, Program } from '../object/object.ts'
import { matchSection, type ProgramClass } from '../object/section-definitions.ts'

/** What the runtime has for a kind of map or program: the factory, and the interface that it makes. */
export interface MapKind {
  readonly factory: string
  readonly type: string
  /** Which of the map's types the factory and the interface take; `inner`: the kind of the maps that it holds. */
  readonly takes: Takes
}

export type Takes =
  | 'key and value'
  | 'key'
  | 'value'
  | 'record'
  | 'inner'
  | 'key and inner'
  | 'section'
  | 'section and value'
  | 'shadow'
  | 'nothing'

export interface ProgramKind {
  readonly factory: string
  readonly type: string
  /** The interface of its links. */
  readonly link: string
}

const ANY_MAP: MapKind = { factory: 'bpfMap', type: 'BpfMap', takes: 'nothing' }
const SECTION: MapKind = { factory: 'sectionMap', type: 'SectionMap', takes: 'section' }
const PER_CPU_SECTION: MapKind = {
  factory: 'perCpuSectionMap',
  type: 'PerCpuArray',
  takes: 'section and value',
}
const STRUCT_OPS: MapKind = { factory: 'structOpsMap', type: 'StructOpsMap', takes: 'shadow' }
const MMAPABLE_ARRAY: MapKind = valued('mmapableArray', 'MmapableArray')
/** Of usdt.bpf.h, whose layout libbpf must share. */
const USDT_SPECS: MapKind = { ...valued('arrayMap', 'ArrayMap'), factory: 'usdtSpecs' }
const HASH: MapKind = keyed('hashMap', 'HashMap')
const PER_CPU_HASH: MapKind = keyed('perCpuHashMap', 'PerCpuHashMap')
const DEVMAP: MapKind = valued('devMap', 'DevMap')
const SOCKETS: MapKind = { factory: 'sockMap', type: 'SockMap', takes: 'nothing' }
const STACKS: MapKind = { factory: 'stackTraceMap', type: 'StackTraceMap', takes: 'nothing' }
/** With the flag BPF_F_STACK_BUILD_ID. */
const BUILD_ID_STACKS: MapKind = { ...STACKS, type: 'BuildIdStackMap' }

/** By BPF_MAP_TYPE_. */
const MAPS: ReadonlyMap<string, MapKind> = new Map([
  ['HASH', HASH],
  ['LRU_HASH', HASH],
  ['RHASH', HASH],
  ['PERCPU_HASH', PER_CPU_HASH],
  ['LRU_PERCPU_HASH', PER_CPU_HASH],
  ['ARRAY', valued('arrayMap', 'ArrayMap')],
  ['PERCPU_ARRAY', valued('perCpuArray', 'PerCpuArray')],
  ['ARENA', { factory: 'arenaMap', type: 'ArenaMap', takes: 'section' }],
  ['LPM_TRIE', keyed('lpmTrie', 'LpmTrie')],
  ['QUEUE', valued('queue', 'Queue')],
  ['STACK', valued('queue', 'Stack')],
  ['BLOOM_FILTER', valued('bloomFilter', 'BloomFilter')],
  ['ARRAY_OF_MAPS', { factory: 'arrayOfMaps', type: 'ArrayOfMaps', takes: 'inner' }],
  ['HASH_OF_MAPS', { factory: 'hashOfMaps', type: 'HashOfMaps', takes: 'key and inner' }],
  ['PROG_ARRAY', { factory: 'progArray', type: 'ProgArray', takes: 'nothing' }],
  ['CGROUP_ARRAY', { factory: 'cgroupArray', type: 'CgroupArray', takes: 'nothing' }],
  ['DEVMAP', DEVMAP],
  ['DEVMAP_HASH', DEVMAP],
  ['CPUMAP', valued('cpuMap', 'CpuMap')],
  ['XSKMAP', { factory: 'xskMap', type: 'XskMap', takes: 'nothing' }],
  ['SOCKMAP', SOCKETS],
  ['REUSEPORT_SOCKARRAY', SOCKETS],
  ['SOCKHASH', { factory: 'sockHash', type: 'SockHash', takes: 'key' }],
  ['TASK_STORAGE', valued('taskStorage', 'TaskStorage')],
  ['INODE_STORAGE', valued('inodeStorage', 'InodeStorage')],
  ['CGRP_STORAGE', valued('cgrpStorage', 'CgrpStorage')],
  ['SK_STORAGE', valued('skStorage', 'SkStorage')],
  ['CGROUP_STORAGE', keyed('cgroupStorage', 'CgroupStorage')],
  ['PERCPU_CGROUP_STORAGE', keyed('perCpuCgroupStorage', 'PerCpuCgroupStorage')],
  ['STACK_TRACE', STACKS],
  ['RINGBUF', { factory: 'ringBuffer', type: 'RingBuffer', takes: 'record' }],
  ['USER_RINGBUF', { factory: 'userRingBuffer', type: 'UserRingBuffer', takes: 'record' }],
  ['PERF_EVENT_ARRAY', { factory: 'perfEventArray', type: 'PerfEventArray', takes: 'record' }],
])

function keyed(factory: string, type: string): MapKind {
  return { factory, type, takes: 'key and value' }
}

function valued(factory: string, type: string): MapKind {
  return { factory, type, takes: 'value' }
}

/** Classes whose factory, interface or link do not follow from their name. */
const PROGRAMS: Partial<Record<ProgramClass, Partial<ProgramKind>>> = {
  IterProgram: { link: 'IterLink' },
  StructOpsProgram: { type: 'Program' },
}

export function mapKind({ origin, type, flags, elfName }: BpfMap): MapKind {
  if (origin === 'internal') return type === 'ARRAY' ? SECTION : PER_CPU_SECTION
  if (origin === 'struct_ops') return STRUCT_OPS
  if (type === 'ARRAY' && (flags & BPF_F_MMAPABLE) !== 0) return MMAPABLE_ARRAY
  if (type === 'STACK_TRACE' && flags & BPF_F_STACK_BUILD_ID) return BUILD_ID_STACKS
  if (type === 'ARRAY' && elfName === '__bpf_usdt_specs') return USDT_SPECS
  return MAPS.get(type) ?? ANY_MAP
}

/** The runtime names a class `XdpProgram` and its factory `xdpProgram`. */
export function programKind({ section }: Program): ProgramKind {
  const type = matchSection(section)?.definition.class ?? 'Program'
  const factory = type.charAt(0).toLowerCase() + type.slice(1)
  return { factory, type, link: 'Link', ...PROGRAMS[type] }
}

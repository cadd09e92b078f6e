import type { BpfMap, Program } from '../object/object.ts'
import { matchSection, type ProgramClass } from '../object/section-definitions.ts'
import { BPF_F_MMAPABLE, BPF_F_STACK_BUILD_ID } from '../uapi/map-flags.ts'

/** The runtime's factory for a kind of map, and the interface of the maps that it makes. */
export interface MapKind {
  readonly factory: string
  readonly type: string
  /** The factory's parameters, in order. */
  readonly parameters: readonly MapParameter[]
  /** The interface's type arguments, in order; `inner` is the interface of the maps in a map of maps. */
  readonly typeArguments: readonly ('key' | 'value' | 'inner')[]
}

/**
 * A parameter of a factory: `key` and `value` are layouts, `inner` a factory, `section` the name of an ELF section,
 * `mappable` whether the map's memory can be mapped, `shadow` the layout of a struct_ops and its functions.
 */
export type MapParameter = 'key' | 'value' | 'inner' | 'section' | 'mappable' | 'shadow'

export interface ProgramKind {
  readonly factory: string
  readonly type: string
  /** The interface of its links. */
  readonly link: string
}

const ANY_MAP: MapKind = untyped('bpfMap', 'BpfMap')
const SECTION: MapKind = {
  ...untyped('sectionMap', 'SectionMap'),
  parameters: ['section', 'mappable'],
}
const PER_CPU_SECTION: MapKind = {
  ...valued('perCpuSectionMap', 'PerCpuArray'),
  parameters: ['section', 'value'],
}
const STRUCT_OPS: MapKind = {
  ...untyped('structOpsMap', 'StructOpsMap'),
  parameters: ['section', 'shadow'],
}
const MMAPABLE_ARRAY: MapKind = valued('mmapableArray', 'MmapableArray')
/** The map of usdt.bpf.h, which libbpf fills. */
const USDT_SPECS: MapKind = { ...valued('arrayMap', 'ArrayMap'), factory: 'usdtSpecs' }
const HASH: MapKind = keyed('hashMap', 'HashMap')
const PER_CPU_HASH: MapKind = keyed('perCpuHashMap', 'PerCpuHashMap')
const DEVMAP: MapKind = valued('devMap', 'DevMap')
const SOCKETS: MapKind = untyped('sockMap', 'SockMap')
const STACKS: MapKind = untyped('stackTraceMap', 'StackTraceMap')
/** Stack traces with the flag BPF_F_STACK_BUILD_ID. */
const BUILD_ID_STACKS: MapKind = { ...STACKS, type: 'BuildIdStackMap' }

/** The kinds of user maps by map type, without BPF_MAP_TYPE_. */
const MAPS: ReadonlyMap<string, MapKind> = new Map([
  ['HASH', HASH],
  ['LRU_HASH', HASH],
  ['RHASH', HASH],
  ['PERCPU_HASH', PER_CPU_HASH],
  ['LRU_PERCPU_HASH', PER_CPU_HASH],
  ['ARRAY', valued('arrayMap', 'ArrayMap')],
  ['PERCPU_ARRAY', valued('perCpuArray', 'PerCpuArray')],
  ['ARENA', { ...untyped('arenaMap', 'ArenaMap'), parameters: ['section', 'mappable'] }],
  ['LPM_TRIE', keyed('lpmTrie', 'LpmTrie')],
  ['QUEUE', valued('queue', 'Queue')],
  ['STACK', valued('queue', 'Stack')],
  ['BLOOM_FILTER', valued('bloomFilter', 'BloomFilter')],
  ['ARRAY_OF_MAPS', kindOf('arrayOfMaps', 'ArrayOfMaps', ['inner'])],
  [
    'HASH_OF_MAPS',
    { ...kindOf('hashOfMaps', 'HashOfMaps', ['key', 'inner']), parameters: ['inner', 'key'] },
  ],
  ['PROG_ARRAY', untyped('progArray', 'ProgArray')],
  ['CGROUP_ARRAY', untyped('cgroupArray', 'CgroupArray')],
  ['DEVMAP', DEVMAP],
  ['DEVMAP_HASH', DEVMAP],
  ['CPUMAP', valued('cpuMap', 'CpuMap')],
  ['XSKMAP', untyped('xskMap', 'XskMap')],
  ['SOCKMAP', SOCKETS],
  ['REUSEPORT_SOCKARRAY', SOCKETS],
  ['SOCKHASH', kindOf('sockHash', 'SockHash', ['key'])],
  ['TASK_STORAGE', valued('taskStorage', 'TaskStorage')],
  ['INODE_STORAGE', valued('inodeStorage', 'InodeStorage')],
  ['CGRP_STORAGE', valued('cgrpStorage', 'CgrpStorage')],
  ['SK_STORAGE', valued('skStorage', 'SkStorage')],
  ['CGROUP_STORAGE', keyed('cgroupStorage', 'CgroupStorage')],
  ['PERCPU_CGROUP_STORAGE', keyed('perCpuCgroupStorage', 'PerCpuCgroupStorage')],
  ['STACK_TRACE', STACKS],
  ['RINGBUF', valued('ringBuffer', 'RingBuffer')],
  ['USER_RINGBUF', valued('userRingBuffer', 'UserRingBuffer')],
  ['PERF_EVENT_ARRAY', valued('perfEventArray', 'PerfEventArray')],
])

function kindOf(factory: string, type: string, layouts: MapKind['typeArguments']): MapKind {
  return { factory, type, parameters: layouts, typeArguments: layouts }
}

function keyed(factory: string, type: string): MapKind {
  return kindOf(factory, type, ['key', 'value'])
}

function valued(factory: string, type: string): MapKind {
  return kindOf(factory, type, ['value'])
}

function untyped(factory: string, type: string): MapKind {
  return kindOf(factory, type, [])
}

/** The classes whose factory, interface or link does not follow from their name. */
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

/** Returns the kind of a program: the runtime names a class `XdpProgram` and its factory `xdpProgram`. */
export function programKind({ section }: Program): ProgramKind {
  const type = matchSection(section)?.definition.class ?? 'Program'
  const factory = type.charAt(0).toLowerCase() + type.slice(1)
  return { factory, type, link: 'Link', ...PROGRAMS[type] }
}

import { BPF_F_MMAPABLE } from '../object/map-type.ts'
import type { BpfMap, Program } from '../object/object.ts'

/** What the runtime has for a kind of map or program: the factory, and the interface that it makes. */
export interface MapKind {
  readonly factory: string
  readonly type: string
  /** Which of the map's types the factory and the interface take. */
  readonly takes:
    | 'key and value'
    | 'value'
    | 'record'
    | 'section'
    | 'section and value'
    | 'shadow'
    | 'nothing'
}

export interface ProgramKind {
  readonly factory: string
  readonly type: string
}

const HASH: MapKind = { factory: 'hashMap', type: 'HashMap', takes: 'key and value' }
const PER_CPU_HASH: MapKind = {
  factory: 'perCpuHashMap',
  type: 'PerCpuHashMap',
  takes: 'key and value',
}
const SECTION: MapKind = { factory: 'sectionMap', type: 'SectionMap', takes: 'section' }
const MMAPABLE_ARRAY: MapKind = {
  factory: 'mmapableArray',
  type: 'MmapableArray',
  takes: 'value',
}
const PER_CPU_SECTION: MapKind = {
  factory: 'perCpuSectionMap',
  type: 'PerCpuArray',
  takes: 'section and value',
}
const STRUCT_OPS: MapKind = { factory: 'structOpsMap', type: 'StructOpsMap', takes: 'shadow' }
const ANY_MAP: MapKind = { factory: 'bpfMap', type: 'BpfMap', takes: 'nothing' }

/** By BPF_MAP_TYPE_. */
const MAPS: ReadonlyMap<string, MapKind> = new Map([
  ['HASH', HASH],
  ['LRU_HASH', HASH],
  ['PERCPU_HASH', PER_CPU_HASH],
  ['LRU_PERCPU_HASH', PER_CPU_HASH],
  ['ARRAY', { factory: 'arrayMap', type: 'ArrayMap', takes: 'value' }],
  ['PERCPU_ARRAY', { factory: 'perCpuArray', type: 'PerCpuArray', takes: 'value' }],
  ['ARENA', { factory: 'arenaMap', type: 'ArenaMap', takes: 'section' }],
  ['RINGBUF', { factory: 'ringBuffer', type: 'RingBuffer', takes: 'record' }],
  ['USER_RINGBUF', { factory: 'userRingBuffer', type: 'UserRingBuffer', takes: 'record' }],
  ['PERF_EVENT_ARRAY', { factory: 'perfEventArray', type: 'PerfEventArray', takes: 'record' }],
])

const CGROUP: ProgramKind = { factory: 'cgroupProgram', type: 'CgroupProgram' }
const ANY_PROGRAM: ProgramKind = { factory: 'program', type: 'Program' }

/** By BPF_PROG_TYPE_. */
const PROGRAMS: ReadonlyMap<string, ProgramKind> = new Map([
  ['TRACING', { factory: 'tracingProgram', type: 'TracingProgram' }],
  ['RAW_TRACEPOINT', { factory: 'rawTracepointProgram', type: 'RawTracepointProgram' }],
  ['RAW_TRACEPOINT_WRITABLE', { factory: 'rawTracepointProgram', type: 'RawTracepointProgram' }],
  ['TRACEPOINT', { factory: 'tracepointProgram', type: 'TracepointProgram' }],
  ['KPROBE', { factory: 'kprobeProgram', type: 'KprobeProgram' }],
  ['PERF_EVENT', { factory: 'perfEventProgram', type: 'PerfEventProgram' }],
  ['XDP', { factory: 'xdpProgram', type: 'XdpProgram' }],
  ['SCHED_CLS', { factory: 'schedClsProgram', type: 'SchedClsProgram' }],
  ['CGROUP_SKB', CGROUP],
  ['CGROUP_SOCK', CGROUP],
  ['CGROUP_SOCK_ADDR', CGROUP],
  ['CGROUP_SYSCTL', CGROUP],
  ['CGROUP_SOCKOPT', CGROUP],
  ['CGROUP_DEVICE', CGROUP],
  ['SOCK_OPS', CGROUP],
])

export function mapKind({ origin, type, flags }: BpfMap): MapKind {
  if (origin === 'internal') return type === 'ARRAY' ? SECTION : PER_CPU_SECTION
  if (origin === 'struct_ops') return STRUCT_OPS
  if (type === 'ARRAY' && (flags & BPF_F_MMAPABLE) !== 0) return MMAPABLE_ARRAY
  return MAPS.get(type) ?? ANY_MAP
}

export function programKind({ type }: Program): ProgramKind {
  return PROGRAMS.get(type) ?? ANY_PROGRAM
}

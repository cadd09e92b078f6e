/**
 * What generated skeletons import and agents use at run time. Importing it loads neither koffi nor libbpf: the first
 * `open()` does.
 */
export { skeleton } from './skeleton.ts'
export type { Skeleton } from './skeleton.ts'
export type { SkeletonInstance } from './instance.ts'
export type { OpenOptions } from './open-options.ts'
export type { SkeletonSpec } from './spec.ts'

export { BpfError } from './error.ts'
export type { BpfErrorCode } from './error.ts'
export { VerifierError } from './verifier/error.ts'
export type { SourceLine } from './verifier/error.ts'
export { setLog } from './log.ts'
export type { LogLevel } from './log.ts'
export { shutdownSignal } from './shutdown-signal.ts'
export { provideKoffi } from './ffi/koffi.ts'

export { BpfMap, bpfMap, sectionMap } from './maps/map.ts'
export type { MapKind, SectionMap } from './maps/map.ts'
export type { MapInfo } from './maps/handle.ts'
export type { KeyedMap, UpdateFlag } from './maps/keyed.ts'
export { hashMap } from './maps/hash.ts'
export type { HashMap } from './maps/hash.ts'
export { arrayMap } from './maps/array.ts'
export type { ArrayMap } from './maps/array.ts'
export { perCpuArray, perCpuHashMap } from './maps/per-cpu.ts'
export type { PerCpuArray, PerCpuHashMap } from './maps/per-cpu.ts'
export { ringBuffer } from './maps/ringbuf.ts'
export type { RingBuffer } from './maps/ringbuf.ts'
export { perfEventArray } from './maps/perf-event-array.ts'
export type { PerfEventArray, PerfOptions } from './maps/perf-event-array.ts'
export type { SubscribeOptions, Subscription } from './events/records.ts'

export { Link } from './links/link.ts'
export type { LinkInfo } from './links/link.ts'
export type { Links } from './links/links.ts'
export { Program as program } from './programs/program.ts'
export type { Program, ProgramKind } from './programs/program.ts'
export { TracingProgram as tracingProgram } from './programs/tracing.ts'
export type { TracingProgram } from './programs/tracing.ts'
export { RawTracepointProgram as rawTracepointProgram } from './programs/raw-tracepoint.ts'
export type { RawTracepointProgram } from './programs/raw-tracepoint.ts'
export { KprobeProgram as kprobeProgram } from './programs/kprobe.ts'
export type {
  KprobeOptions,
  KprobeProgram,
  KsyscallOptions,
  UprobeOptions,
  UsdtOptions,
} from './programs/kprobe.ts'
export { PerfEventProgram as perfEventProgram } from './programs/perf-event.ts'
export type { PerfEventOptions, PerfEventProgram } from './programs/perf-event.ts'
export { SchedClsProgram as schedClsProgram } from './programs/sched-cls.ts'
export type { SchedClsProgram, TcxOptions } from './programs/sched-cls.ts'
export { CgroupProgram as cgroupProgram } from './programs/cgroup.ts'
export type { CgroupProgram } from './programs/cgroup.ts'
export type { TestRunOptions, TestRunResult } from './programs/test-run.ts'
export { XdpProgram as xdpProgram } from './programs/xdp.ts'
export type { XdpMode, XdpProgram } from './programs/xdp.ts'
export { TracepointProgram as tracepointProgram } from './programs/tracepoint.ts'
export type { TracepointProgram } from './programs/tracepoint.ts'

export type { Codec } from './codec/codec.ts'
export type { Field } from './codec/fields.ts'
export type { In, Integer, Union } from './codec/input.ts'
export type { View, ViewArray } from './codec/view.ts'

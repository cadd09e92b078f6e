/**
 * What generated modules import, and nobody else: it changes with what the build side generates. Importing it loads
 * neither koffi nor libbpf: the first `open()` does.
 */
export { skeleton } from './skeleton/skeleton.ts'
export type { SkeletonSpec } from './skeleton/spec.ts'
export { perArchitecture } from './skeleton/per-architecture.ts'
export { coreExplanations } from './verifier/explanations/core.ts'
export { externExplanations } from './verifier/explanations/externs.ts'
export { bpfMap } from './maps/map.ts'
export type { MapKind } from './maps/map.ts'
export { sectionMap } from './maps/section-map.ts'
export { perCpuSectionMap } from './maps/per-cpu-section-map.ts'
export { arenaMap } from './maps/arena.ts'
export { structOpsMap } from './maps/struct-ops.ts'
export { hashMap } from './maps/hash.ts'
export { arrayMap } from './maps/array.ts'
export { usdtSpecs } from './maps/usdt-specs.ts'
export { mmapableArray } from './maps/mmapable-array.ts'
export { perCpuArray, perCpuHashMap } from './maps/per-cpu.ts'
export { lpmTrie } from './maps/lpm-trie.ts'
export { queue } from './maps/queue.ts'
export { bloomFilter } from './maps/bloom-filter.ts'
export { arrayOfMaps, hashOfMaps } from './maps/map-of-maps.ts'
export { progArray } from './maps/prog-array.ts'
export { cgroupArray } from './maps/cgroup-array.ts'
export { cpuMap, devMap } from './maps/redirect.ts'
export { xskMap } from './maps/xskmap.ts'
export { sockHash, sockMap } from './maps/sockmap.ts'
export { cgrpStorage, inodeStorage, skStorage, taskStorage } from './maps/local-storage.ts'
export { cgroupStorage, perCpuCgroupStorage } from './maps/cgroup-storage.ts'
export { stackTraceMap } from './maps/stack-trace.ts'
export { ringBuffer } from './maps/ringbuf.ts'
export { userRingBuffer } from './maps/user-ringbuf.ts'
export { perfEventArray } from './maps/perf-event-array.ts'
export { newerSection } from './programs/newer-section.ts'
export type { NewerSection, SectionFacts } from './programs/newer-section.ts'
export { Program as program } from './programs/program.ts'
export type { ProgramKind } from './programs/program.ts'
export { PacketProgram as packetProgram } from './programs/packet.ts'
export { SyscallProgram as syscallProgram } from './programs/syscall.ts'
export { TracingProgram as tracingProgram } from './programs/tracing.ts'
export { FentryProgram as fentryProgram } from './programs/fentry.ts'
export { TracingMultiProgram as tracingMultiProgram } from './programs/tracing-multi.ts'
export { LsmProgram as lsmProgram } from './programs/lsm.ts'
export { StructOpsProgram as structOpsProgram } from './programs/struct-ops.ts'
export { ExtensionProgram as extensionProgram } from './programs/extension.ts'
export { IterProgram as iterProgram } from './programs/iter.ts'
export { RawTracepointProgram as rawTracepointProgram } from './programs/raw-tracepoint.ts'
export { TracepointProgram as tracepointProgram } from './programs/tracepoint.ts'
export { KprobeProgram as kprobeProgram } from './programs/kprobe.ts'
export { PerfEventProgram as perfEventProgram } from './programs/perf-event.ts'
export { XdpProgram as xdpProgram } from './programs/xdp.ts'
export { SchedClsProgram as schedClsProgram } from './programs/sched-cls.ts'
export {
  CgroupProgram as cgroupProgram,
  CgroupSkbProgram as cgroupSkbProgram,
} from './programs/cgroup.ts'
export {
  FlowDissectorProgram as flowDissectorProgram,
  SkLookupProgram as skLookupProgram,
} from './programs/netns.ts'
export { NetfilterProgram as netfilterProgram } from './programs/netfilter.ts'
export { SockmapProgram as sockmapProgram } from './programs/sockmap.ts'
export {
  SkReuseportProgram as skReuseportProgram,
  SocketFilterProgram as socketFilterProgram,
} from './programs/socket-filter.ts'

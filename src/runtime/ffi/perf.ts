import { fromLibc } from './library.ts'
import { scratch } from './memory.ts'
import { perfEventOpenSyscallNumber } from './syscall-numbers.ts'

const systemCall = fromLibc('int syscall(long, ptr, int, int, int, long)')
/** linux/perf_event.h */
const PERF_FLAG_FD_CLOEXEC = 1 << 3
/** Bit `freq` of struct perf_event_attr: sample_freq stands in place of sample_period. */
const frequencyBit = 1n << 10n
/** Bytes of struct perf_event_attr that every supported kernel knows. */
const PERF_ATTR_SIZE_VER3 = 96

/** linux/perf_event.h: enum perf_type_id. */
export const perfEventTypes = {
  hardware: 0,
  software: 1,
  tracepoint: 2,
  cache: 3,
  raw: 4,
  breakpoint: 5,
} as const

/** The fields of struct perf_event_attr that are used here. */
export interface PerfEvent {
  readonly type: number
  readonly config: bigint
  /** One sample is taken each so many events. */
  readonly period?: bigint
  /** Samples per second. */
  readonly frequency?: bigint
  readonly sampleType?: bigint
  readonly wakeupEvents?: number
}

/** Calls perf_event_open(2). @returns the descriptor, or -1 with errno */
export function openPerfEvent(event: PerfEvent, pid: number, cpu: number): number {
  const { data, address } = scratch(PERF_ATTR_SIZE_VER3)
  data.setUint32(0, event.type, true)
  data.setUint32(4, PERF_ATTR_SIZE_VER3, true)
  data.setBigUint64(8, event.config, true)
  data.setBigUint64(16, event.frequency ?? event.period ?? 0n, true)
  data.setBigUint64(24, event.sampleType ?? 0n, true)
  if (event.frequency !== undefined) data.setBigUint64(40, frequencyBit, true)
  data.setUint32(48, event.wakeupEvents ?? 0, true)
  return systemCall(perfEventOpenSyscallNumber(), address, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)
}

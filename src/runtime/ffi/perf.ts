import { fromLibc } from './library.ts'
import { scratch } from './memory.ts'

const systemCall = fromLibc('int syscall(long, ptr, int, int, int, long)')
/** PERF_FLAG_FD_CLOEXEC */
const closeOnExec = 1 << 3
/** Of struct perf_event_attr's bit field: sample_freq in place of sample_period. */
const frequencyBit = 1n << 10n
/** Of struct perf_event_attr: as much as every kernel that counts here knows (PERF_ATTR_SIZE_VER3). */
const attrSize = 96

/** linux/perf_event.h: enum perf_type_id. */
export const perfEventTypes = {
  hardware: 0,
  software: 1,
  tracepoint: 2,
  cache: 3,
  raw: 4,
  breakpoint: 5,
} as const

/** The part of struct perf_event_attr that is used here. */
export interface PerfEvent {
  readonly type: number
  readonly config: bigint
  /** Events a sample. */
  readonly period?: bigint
  /** Samples a second. */
  readonly frequency?: bigint
  readonly sampleType?: bigint
  readonly wakeupEvents?: number
}

function systemCallNumber(): number {
  if (process.arch === 'x64') return 298
  return process.arch === 'ppc64' ? 319 : 241
}

/** perf_event_open(2). @returns the descriptor, or -1 with errno */
export function openPerfEvent(event: PerfEvent, pid: number, cpu: number): number {
  const { data, address } = scratch(attrSize)
  data.setUint32(0, event.type, true)
  data.setUint32(4, attrSize, true)
  data.setBigUint64(8, event.config, true)
  data.setBigUint64(16, event.frequency ?? event.period ?? 0n, true)
  data.setBigUint64(24, event.sampleType ?? 0n, true)
  if (event.frequency !== undefined) data.setBigUint64(40, frequencyBit, true)
  data.setUint32(48, event.wakeupEvents ?? 0, true)
  return systemCall(systemCallNumber(), address, pid, cpu, -1, closeOnExec)
}

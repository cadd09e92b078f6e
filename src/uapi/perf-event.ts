/** Constants of include/uapi/linux/perf_event.h. */
export const PERF_COUNT_SW_BPF_OUTPUT = 10n
export const PERF_SAMPLE_RAW: bigint = 1n << 10n
export const PERF_EVENT_IOC_ENABLE = 0x2400
export const PERF_RECORD_LOST = 2
export const PERF_RECORD_SAMPLE = 9

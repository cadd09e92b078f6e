import { clockGettime } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'

/** time.h */
const CLOCK_REALTIME = 0
const clocks = { monotonic: 1, boot: 7, tai: 11 } as const

/** Which of the kernel's clocks: that of bpf_ktime_get_ns(), bpf_ktime_get_boot_ns() or bpf_ktime_get_tai_ns(). */
export type KernelClock = keyof typeof clocks

/**
 * When it was, by the wall clock as it goes now, for the nanoseconds that bpf_ktime_get_ns() gives.
 * @param clock `monotonic` stands still while the machine sleeps; `boot` does not
 */
export function ktimeToDate(nanoseconds: bigint | number, clock: KernelClock = 'monotonic'): Date {
  const id = clocks[clock]
  if (id === undefined) {
    throw new TypeError(`clock is one of ${Object.keys(clocks).join(', ')}, not ${String(clock)}`)
  }
  if (typeof nanoseconds === 'number' && !Number.isFinite(nanoseconds)) {
    throw new RangeError(`a time is a bigint or a finite number, not ${nanoseconds}`)
  }
  const time = typeof nanoseconds === 'bigint' ? nanoseconds : BigInt(Math.trunc(nanoseconds))
  const passed = now(id) - time
  return new Date(Number((now(CLOCK_REALTIME) - passed) / 1_000_000n))
}

/** Nanoseconds. */
function now(clock: number): bigint {
  // struct timespec: seconds, nanoseconds.
  const { data, buffer } = scratch(16)
  clockGettime(clock, buffer)
  return data.getBigInt64(0, true) * 1_000_000_000n + data.getBigInt64(8, true)
}

import { clockGettime } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'

/** Clock ids of time.h. */
const CLOCK_REALTIME = 0
const clockIds = { monotonic: 1, boot: 7, tai: 11 } as const

/** A clock of the kernel: that of bpf_ktime_get_ns(), bpf_ktime_get_boot_ns() or bpf_ktime_get_tai_ns(). */
export type KernelClock = keyof typeof clockIds

/**
 * Returns the date of a time in nanoseconds, as bpf_ktime_get_ns() gives it, by the wall clock as it is set now.
 * @param clock `monotonic` stands still while the machine sleeps; `boot` does not
 * @throws {TypeError} for another clock
 * @throws {RangeError} for a number that is not finite
 */
export function ktimeToDate(nanoseconds: bigint | number, clock: KernelClock = 'monotonic'): Date {
  const id = clockIds[clock]
  if (id === undefined) {
    throw new TypeError(
      `clock must be one of ${Object.keys(clockIds).join(', ')}, not ${String(clock)}`,
    )
  }
  if (typeof nanoseconds === 'number' && !Number.isFinite(nanoseconds)) {
    throw new RangeError(`nanoseconds must be a bigint or a finite number, not ${nanoseconds}`)
  }
  const time = typeof nanoseconds === 'bigint' ? nanoseconds : BigInt(Math.trunc(nanoseconds))
  const elapsed = now(id) - time
  return new Date(Number((now(CLOCK_REALTIME) - elapsed) / 1_000_000n))
}

/** Returns the time of a clock in nanoseconds. */
function now(clock: number): bigint {
  // struct timespec: seconds and nanoseconds, 8 bytes each.
  const { data, buffer } = scratch(16)
  clockGettime(clock, buffer)
  return data.getBigInt64(0, true) * 1_000_000_000n + data.getBigInt64(8, true)
}

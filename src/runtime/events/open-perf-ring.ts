import {
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_EVENT_IOC_ENABLE,
  PERF_SAMPLE_RAW,
} from '../../uapi/perf-event.ts'
import { BPF_MAP_UPDATE_ELEM, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { scratch, setPointer } from '../ffi/memory.ts'
import { openPerfEvent, perfEventTypes } from '../ffi/perf.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { ENODEV } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { LostListener } from './perf-ring.ts'
import { PerfRing } from './perf-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'

const ioctl = fromLibc('int ioctl(int, long, long)')

/**
 * Opens a ring that programs on a CPU write to. Undefined when the CPU is offline.
 * @param lost called for records that found the ring full
 * @throws {BpfError}
 */
export function openPerfRing(
  handle: RingMapHandle,
  cpu: number,
  pages: number,
  lost: LostListener,
): PerfRing | undefined {
  const fd = openOutput(handle, cpu)
  if (fd === undefined) return undefined
  let ring: PerfRing | undefined
  try {
    ring = new PerfRing(cpu, fd, pages, lost)
    setElement(handle, cpu, fd)
  } catch (error) {
    if (ring) ring.close()
    else close(fd)
    throw error
  }
  ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)
  return ring
}

function openOutput(handle: RingMapHandle, cpu: number): number | undefined {
  const fd = openPerfEvent(
    {
      type: perfEventTypes.software,
      config: PERF_COUNT_SW_BPF_OUTPUT,
      period: 1n,
      sampleType: PERF_SAMPLE_RAW,
      wakeupEvents: 1,
    },
    -1,
    cpu,
  )
  if (fd >= 0) return fd
  const failed = errno()
  if (failed === ENODEV) return undefined
  throw new BpfError({
    operation: `open the ring of CPU ${cpu} for`,
    object: handle.title,
    errno: failed,
    hint: privilegeHint(failed),
  })
}

/** Makes the perf event the map's element of its CPU, where programs on that CPU write. */
function setElement(handle: RingMapHandle, cpu: number, fd: number): void {
  const [key, value, attr] = [scratch(4), scratch(4), scratch(32)]
  key.data.setUint32(0, cpu, true)
  value.data.setUint32(0, fd, true)
  attr.data.setUint32(0, handle.requireFd('subscribe to'), true)
  setPointer(attr.data, 8, key.address)
  setPointer(attr.data, 16, value.address)
  const result = bpf(BPF_MAP_UPDATE_ELEM, attr)
  if (result < 0) throw handle.failure('set an element of', -result)
}

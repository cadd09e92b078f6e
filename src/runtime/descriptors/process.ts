import { close } from '../ffi/libc.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { EINVAL, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

const systemCall = fromLibc('int syscall(long, int, u32)')
/** The number of the system call on every architecture. */
const SYS_pidfd_open = 434
/** linux/pidfd.h, since Linux 6.9. */
const PIDFD_THREAD = 0x80

/**
 * Runs `use` with a pidfd.
 * @param pid the number of a process or, since Linux 6.9, of a thread
 * @throws {BpfError} ESRCH when there is no such process
 */
export function withProcess<R>(pid: number, use: (fd: number) => R): R {
  if (typeof pid !== 'number') throw new TypeError(`a pid must be a number, not ${typeof pid}`)
  if (!Number.isInteger(pid) || pid < 1 || pid > 0x7fff_ffff) {
    throw new RangeError(`a pid must be a positive 32-bit integer, not ${pid}`)
  }
  const fd = openPidfd(pid)
  try {
    return use(fd)
  } finally {
    close(fd)
  }
}

function openPidfd(pid: number): number {
  const fd = systemCall(SYS_pidfd_open, pid, 0)
  if (fd >= 0) return fd
  const failed = errno()
  // The number may be that of a thread which is not its process's first.
  if (failed === EINVAL || failed === ENOENT) {
    const thread = systemCall(SYS_pidfd_open, pid, PIDFD_THREAD)
    if (thread >= 0) return thread
  }
  throw new BpfError({ operation: 'open', object: `process ${pid}`, errno: failed })
}

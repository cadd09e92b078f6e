import { close } from '../ffi/libc.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { EINVAL, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

const systemCall = fromLibc('int syscall(long, int, u32)')
/** The same number everywhere. */
const pidfdOpen = 434
/** linux/pidfd.h, Linux 6.9 */
const PIDFD_THREAD = 0x80

/**
 * Runs `use` with a pidfd.
 * @param pid of a process, or since Linux 6.9 of a thread
 * @throws {BpfError} ESRCH when there is none
 */
export function withProcess<R>(pid: number, use: (fd: number) => R): R {
  if (typeof pid !== 'number') throw new TypeError(`a pid is a number, not ${typeof pid}`)
  if (!Number.isInteger(pid) || pid < 1 || pid > 0x7fff_ffff) {
    throw new RangeError(`a pid is a whole number from 1 on, not ${pid}`)
  }
  const fd = openPidfd(pid)
  try {
    return use(fd)
  } finally {
    close(fd)
  }
}

function openPidfd(pid: number): number {
  const fd = systemCall(pidfdOpen, pid, 0)
  if (fd >= 0) return fd
  const reason = errno()
  // Of a thread that is not its process's first.
  if (reason === EINVAL || reason === ENOENT) {
    const thread = systemCall(pidfdOpen, pid, PIDFD_THREAD)
    if (thread >= 0) return thread
  }
  throw new BpfError({ operation: 'open', object: `process ${pid}`, errno: reason })
}

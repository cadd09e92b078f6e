import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Numbers with two names, by the one that manuals and kernel sources use. */
const preferredNames: Record<number, string> = { 11: 'EAGAIN', 35: 'EDEADLK', 95: 'EOPNOTSUPP' }

/** What Node does not name of the kernel's that bpf(2) lets out. */
const kernelErrnoNames: Record<number, string> = { 77: 'EBADFD', 524: 'ENOTSUPP' }

/** libbpf_legacy.h: enum libbpf_errno, from 4000 on, less LIBBPF_ERRNO__. */
const libbpfErrnoNames =
  'LIBELF FORMAT KVERSION ENDIAN INTERNAL RELOC LOAD VERIFY PROG2BIG KVER PROGTYPE WRNGPID INVSEQ NLPARSE'

/** The name of a positive errno: `EPERM` of 1; `errno 9999` when there is none. */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  const own = libbpfErrnoNames.split(' ')[errno - 4000]
  return (
    preferredNames[errno] ??
    found?.[0] ??
    kernelErrnoNames[errno] ??
    (own ? `LIBBPF_ERRNO__${own}` : `errno ${errno}`)
  )
}

/** Where Node's words are about something else than what bpf(2) means, or missing. */
const meanings: Record<number, string> = {
  7: 'too many, or too big',
  22: 'the kernel takes no such argument',
  77: 'a descriptor in the wrong state',
  95: 'operation not supported',
  524: 'operation not supported by this kernel',
}

/** What an errno says in words: `operation not permitted`. Undefined when nobody has words for it. */
export function errnoMeaning(errno: number): string | undefined {
  return meanings[errno] ?? getSystemErrorMap().get(-errno)?.[1]
}

const { errno } = constants
export const EPERM: number = errno.EPERM
export const ENOENT: number = errno.ENOENT
export const EBADF: number = errno.EBADF
export const EBUSY: number = errno.EBUSY
export const EEXIST: number = errno.EEXIST
export const ENOTDIR: number = errno.ENOTDIR
export const ESRCH: number = errno.ESRCH
export const ENOSPC: number = errno.ENOSPC
export const E2BIG: number = errno.E2BIG
export const ENOSYS: number = errno.ENOSYS
export const ENOMEM: number = errno.ENOMEM
export const EACCES: number = errno.EACCES
export const EFAULT: number = errno.EFAULT
export const EINVAL: number = errno.EINVAL
export const ENODEV: number = errno.ENODEV
export const ENXIO: number = errno.ENXIO
export const EOPNOTSUPP: number = errno.EOPNOTSUPP
/** include/linux/errno.h; not for user space, yet bpf(2) returns it. */
export const ENOTSUPP = 524

import { constants } from 'node:os'

/** Numbers with two names, by the one that manuals and kernel sources use. */
const preferred: Record<number, string> = { 11: 'EAGAIN', 35: 'EDEADLK', 95: 'EOPNOTSUPP' }

/** What Node does not name: libbpf_legacy.h's enum libbpf_errno, and of the kernel's what bpf(2) lets out. */
const beyondLibc: Record<number, string> = {
  77: 'EBADFD',
  524: 'ENOTSUPP',
  4000: 'LIBBPF_ERRNO__LIBELF',
  4001: 'LIBBPF_ERRNO__FORMAT',
  4002: 'LIBBPF_ERRNO__KVERSION',
  4003: 'LIBBPF_ERRNO__ENDIAN',
  4004: 'LIBBPF_ERRNO__INTERNAL',
  4005: 'LIBBPF_ERRNO__RELOC',
  4006: 'LIBBPF_ERRNO__LOAD',
  4007: 'LIBBPF_ERRNO__VERIFY',
  4008: 'LIBBPF_ERRNO__PROG2BIG',
  4009: 'LIBBPF_ERRNO__KVER',
  4010: 'LIBBPF_ERRNO__PROGTYPE',
  4011: 'LIBBPF_ERRNO__WRNGPID',
  4012: 'LIBBPF_ERRNO__INVSEQ',
  4013: 'LIBBPF_ERRNO__NLPARSE',
}

/** The name of a positive errno: `EPERM` of 1; `errno 9999` when there is none. */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  return preferred[errno] ?? found?.[0] ?? beyondLibc[errno] ?? `errno ${errno}`
}

const { errno } = constants
export const EPERM: number = errno.EPERM
export const ENOENT: number = errno.ENOENT
export const EBADF: number = errno.EBADF
export const EBUSY: number = errno.EBUSY
export const EEXIST: number = errno.EEXIST
export const ESRCH: number = errno.ESRCH
export const ENOSPC: number = errno.ENOSPC
export const E2BIG: number = errno.E2BIG
export const EACCES: number = errno.EACCES
export const EFAULT: number = errno.EFAULT
export const EINVAL: number = errno.EINVAL
export const ENODEV: number = errno.ENODEV
export const ENXIO: number = errno.ENXIO
export const EOPNOTSUPP: number = errno.EOPNOTSUPP
/** include/linux/errno.h; not for user space, yet bpf(2) returns it. */
export const ENOTSUPP = 524

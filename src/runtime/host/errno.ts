import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** The names that manuals and kernel sources use for numbers with two names. */
const preferredNames: Record<number, string> = { 11: 'EAGAIN', 35: 'EDEADLK', 95: 'EOPNOTSUPP' }

/** Kernel errors that bpf(2) returns and Node does not name. */
const kernelErrnoNames: Record<number, string> = { 77: 'EBADFD', 524: 'ENOTSUPP' }

/** libbpf_legacy.h: enum libbpf_errno from 4000 on, without LIBBPF_ERRNO__. */
const libbpfErrnoNames =
  'LIBELF FORMAT KVERSION ENDIAN INTERNAL RELOC LOAD VERIFY PROG2BIG KVER PROGTYPE WRNGPID INVSEQ NLPARSE'

/** Returns the name of a positive errno: `EPERM` for 1; `errno 9999` where it has none. */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  const libbpfName = libbpfErrnoNames.split(' ')[errno - 4000]
  return (
    preferredNames[errno] ??
    found?.[0] ??
    kernelErrnoNames[errno] ??
    (libbpfName ? `LIBBPF_ERRNO__${libbpfName}` : `errno ${errno}`)
  )
}

/** Descriptions of errors that Node describes otherwise than bpf(2) means them, or not at all. */
const meanings: Record<number, string> = {
  7: 'too many, or too large',
  22: 'the kernel takes no such argument',
  77: 'the descriptor is in the wrong state',
  95: 'operation not supported',
  524: 'operation not supported by this kernel',
}

/** Describes an errno: `operation not permitted`. Undefined when neither Node nor the table above does. */
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
/** include/linux/errno.h: an internal error of the kernel, which bpf(2) returns all the same. */
export const ENOTSUPP = 524

import type { Call } from './library.ts'
import { fromLibc } from './library.ts'

export const calloc: Call<number> = fromLibc('calloc', 'uintptr_t', ['size_t', 'size_t'])
export const free: Call<void> = fromLibc<void>('free', 'void', ['uintptr_t'])
/** From native memory into JavaScript's. */
export const memcpyIn: Call<number> = fromLibc('memcpy', 'uintptr_t', [
  'void *',
  'uintptr_t',
  'size_t',
])
/** From JavaScript's memory into native. */
export const memcpyOut: Call<number> = fromLibc('memcpy', 'uintptr_t', [
  'uintptr_t',
  'void *',
  'size_t',
])
export const strnlen: Call<number> = fromLibc('strnlen', 'size_t', ['uintptr_t', 'size_t'])
export const strerror: Call<string> = fromLibc<string>('strerror', 'str', ['int'])
/** -1 (MAP_FAILED) when refused. */
export const mmap: Call<number> = fromLibc('mmap', 'long', [
  'uintptr_t',
  'size_t',
  'int',
  'int',
  'int',
  'long',
])
export const munmap: Call<number> = fromLibc('munmap', 'int', ['uintptr_t', 'size_t'])
export const mprotect: Call<number> = fromLibc('mprotect', 'int', ['uintptr_t', 'size_t', 'int'])
/** Of a function that the process has. The first parameter is RTLD_DEFAULT: 0. */
export const functionAddress: Call<number> = fromLibc('dlsym', 'uintptr_t', ['uintptr_t', 'str'])
const memfdCreate: Call<number> = fromLibc('memfd_create', 'int', ['str', 'uint32_t'])
/** sys/mman.h. Of the second, which came with Linux 6.3, those before know nothing, and those after miss it. */
const MFD_CLOEXEC = 1
const MFD_NOEXEC_SEAL = 8
/** A file in memory alone, or -1 with errno. @param title for people */
export function memoryFile(title: string): number {
  const fd = memfdCreate(title, MFD_CLOEXEC | MFD_NOEXEC_SEAL)
  return fd < 0 ? memfdCreate(title, MFD_CLOEXEC) : fd
}
export const close: Call<number> = fromLibc('close', 'int', ['int'])
export const open: Call<number> = fromLibc('open', 'int', ['str', 'int'])
const fcntl: Call<number> = fromLibc('fcntl', 'int', ['int', 'int', 'long'])
const F_DUPFD_CLOEXEC = 1030
/** A second descriptor of the same file, or -1 with errno. */
export function duplicate(fd: number): number {
  return fcntl(fd, F_DUPFD_CLOEXEC, 0)
}
export const epollCreate: Call<number> = fromLibc('epoll_create1', 'int', ['int'])
export const epollControl: Call<number> = fromLibc('epoll_ctl', 'int', [
  'int',
  'int',
  'int',
  'void *',
])
export const epollWait: Call<number> = fromLibc('epoll_wait', 'int', [
  'int',
  'uintptr_t',
  'int',
  'int',
])
export const getpagesize: Call<number> = fromLibc('getpagesize', 'int', [])
export const vsnprintf: Call<number> = fromLibc('vsnprintf', 'int', [
  'void *',
  'size_t',
  'uintptr_t',
  'uintptr_t',
])
export const clockGettime: Call<number> = fromLibc('clock_gettime', 'int', ['int', 'void *'])
export const interfaceIndex: Call<number> = fromLibc('if_nametoindex', 'uint32_t', ['str'])
export const interfaceNameInto: Call<number> = fromLibc('if_indextoname', 'uintptr_t', [
  'uint32_t',
  'void *',
])
export const interfaceIndexes: Call<number> = fromLibc('if_nameindex', 'uintptr_t', [])
export const freeInterfaces: Call<void> = fromLibc<void>('if_freenameindex', 'void', ['uintptr_t'])

/** sys/mman.h, the same on every Linux that counts here. */
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4
export const MAP_SHARED = 0x01
export const MAP_PRIVATE = 0x02
export const MAP_FIXED = 0x10
export const MAP_ANONYMOUS = 0x20
export const MAP_NORESERVE = 0x4000
export const MAP_FIXED_NOREPLACE = 0x10_0000

/** sys/epoll.h */
export const EPOLL_CLOEXEC = 0x80000
export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
export const EPOLLIN = 1
export const EPOLLOUT = 4
export const EPOLLET = 0x8000_0000

import { fromLibc } from './library.ts'

export const calloc = fromLibc('calloc', 'uintptr_t', ['size_t', 'size_t'])
export const free = fromLibc<void>('free', 'void', ['uintptr_t'])
/** From native memory into JavaScript's. */
export const memcpyIn = fromLibc('memcpy', 'uintptr_t', ['void *', 'uintptr_t', 'size_t'])
/** From JavaScript's memory into native. */
export const memcpyOut = fromLibc('memcpy', 'uintptr_t', ['uintptr_t', 'void *', 'size_t'])
export const strnlen = fromLibc('strnlen', 'size_t', ['uintptr_t', 'size_t'])
export const strerror = fromLibc<string>('strerror', 'str', ['int'])
/** -1 (MAP_FAILED) when refused. */
export const mmap = fromLibc('mmap', 'long', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long'])
export const munmap = fromLibc('munmap', 'int', ['uintptr_t', 'size_t'])
export const close = fromLibc('close', 'int', ['int'])
export const open = fromLibc('open', 'int', ['str', 'int'])
export const fcntl = fromLibc('fcntl', 'int', ['int', 'int', 'long'])
export const epollCreate = fromLibc('epoll_create1', 'int', ['int'])
export const epollControl = fromLibc('epoll_ctl', 'int', ['int', 'int', 'int', 'void *'])
export const epollWait = fromLibc('epoll_wait', 'int', ['int', 'uintptr_t', 'int', 'int'])
export const getpagesize = fromLibc('getpagesize', 'int', [])
export const vsnprintf = fromLibc('vsnprintf', 'int', [
  'void *',
  'size_t',
  'uintptr_t',
  'uintptr_t',
])
export const interfaceIndex = fromLibc('if_nametoindex', 'uint32_t', ['str'])

/** sys/mman.h, the same on every Linux that counts here. */
export const PROT_READ = 1
export const PROT_WRITE = 2
export const MAP_SHARED = 0x01
export const MAP_PRIVATE = 0x02
export const MAP_FIXED = 0x10
export const MAP_ANONYMOUS = 0x20
export const MAP_NORESERVE = 0x4000

/** sys/epoll.h */
export const EPOLL_CLOEXEC = 0x80000
export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
export const EPOLLIN = 1
export const EPOLLET = 2 ** 31

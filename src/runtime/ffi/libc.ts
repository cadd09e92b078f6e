import type { Call } from './library.ts'
import { fromLibc } from './library.ts'

export const calloc: Call<number> = fromLibc('ptr calloc(size, size)')
export const free: Call<void> = fromLibc<void>('void free(ptr)')
/** Copies from native memory into JavaScript's. */
export const memcpyIn: Call<number> = fromLibc('ptr memcpy(memory, ptr, size)')
/** Copies from JavaScript's memory into native memory. */
export const memcpyOut: Call<number> = fromLibc('ptr memcpy(ptr, memory, size)')
export const strnlen: Call<number> = fromLibc('size strnlen(ptr, size)')
export const strerror: Call<string> = fromLibc<string>('str strerror(int)')
/** Returns -1 (MAP_FAILED) when refused. */
export const mmap: Call<number> = fromLibc('long mmap(ptr, size, int, int, int, long)')
export const munmap: Call<number> = fromLibc('int munmap(ptr, size)')
export const mprotect: Call<number> = fromLibc('int mprotect(ptr, size, int)')
/** Returns the address of a function of this process. The first argument is RTLD_DEFAULT: 0. */
export const functionAddress: Call<number> = fromLibc('ptr dlsym(ptr, str)')
/** Writes a pthread_key_t into the memory; the second argument is the destructor or 0. Returns 0 or the errno. */
export const keyCreate: Call<number> = fromLibc('int pthread_key_create(memory, ptr)')
export const getSpecific: Call<number> = fromLibc('ptr pthread_getspecific(u32)')
export const setSpecific: Call<number> = fromLibc('int pthread_setspecific(u32, ptr)')
/** Changes the signal mask of the calling thread. */
export const pthreadSigmask: Call<number> = fromLibc('int pthread_sigmask(int, ptr, ptr)')
export const close: Call<number> = fromLibc('int close(int)')
export const open: Call<number> = fromLibc('int open(str, int)')
const fcntl: Call<number> = fromLibc('int fcntl(int, int, long)')
const F_DUPFD_CLOEXEC = 1030
/** Returns a second descriptor of the same file, or -1 with errno. */
export function duplicate(fd: number): number {
  return fcntl(fd, F_DUPFD_CLOEXEC, 0)
}
export const epollCreate: Call<number> = fromLibc('int epoll_create1(int)')
export const epollControl: Call<number> = fromLibc('int epoll_ctl(int, int, int, memory)')
export const epollWait: Call<number> = fromLibc('int epoll_wait(int, ptr, int, int)')
export const getpagesize: Call<number> = fromLibc('int getpagesize()')
export const clockGettime: Call<number> = fromLibc('int clock_gettime(int, memory)')
export const interfaceIndex: Call<number> = fromLibc('u32 if_nametoindex(str)')
export const interfaceNameInto: Call<number> = fromLibc('ptr if_indextoname(u32, memory)')
export const interfaceIndexes: Call<number> = fromLibc('ptr if_nameindex()')
export const freeInterfaces: Call<void> = fromLibc<void>('void if_freenameindex(ptr)')

/** sys/mman.h: the same numbers on every architecture that is supported here. */
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

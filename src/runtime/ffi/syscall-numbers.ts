/** Numbers of system calls that libc has no function for: arch/<arch>/…/syscall.tbl and asm-generic/unistd.h. */
const x64 = { bpf: 321, perf_event_open: 298 }
const ppc64 = { bpf: 361, perf_event_open: 319 }
const generic = { bpf: 280, perf_event_open: 241 }

export function bpfSyscallNumber(): number {
  return numbers().bpf
}

export function perfEventOpenSyscallNumber(): number {
  return numbers().perf_event_open
}

function numbers(): typeof generic {
  if (process.arch === 'x64') return x64
  return process.arch === 'ppc64' ? ppc64 : generic
}

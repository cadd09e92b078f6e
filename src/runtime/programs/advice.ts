import { EBADF, EINVAL, ENOTSUPP, EOPNOTSUPP, EPERM } from '../ffi/errno.ts'
import { exists } from '../files.ts'
import { kernelIsAtLeast } from '../kernel-release.ts'
import { tracefsAdvice } from '../tracefs.ts'

/** Attached through code that the kernel writes at a function's entry. */
const trampoline = /^\??(fentry|fexit|fmod_ret|fsession|lsm|lsm_cgroup|freplace)(\.|\/|$)/

const structOps = /^\??struct_ops(\.s)?(\/|$)/

/**
 * What to do when a program of the section could not be attached.
 * @param log what libbpf said
 * @param bySection it was to be attached where the section says, not by a function that says where
 */
export function attachAdvice(
  section: string,
  errno: number,
  log = '',
  bySection = true,
): string | undefined {
  if (/\(did you load it\?\)|can't attach before loaded/.test(log)) {
    return 'load() left it out, since autoload is off'
  }
  if (/\bk(ret)?probe\b/.test(log) && lacksKprobes()) {
    return 'This kernel has no kprobes (CONFIG_KPROBES, CONFIG_KPROBE_EVENTS): attach to a tracepoint, or boot one that has'
  }
  if (errno === EBADF && /^\??iter\b.*map/.test(section)) {
    return 'Say which map: attachIter({ map })'
  }
  if (/\btracepoint\b|\btracefs\b/.test(log)) {
    const advice = tracefsAdvice()
    if (advice !== undefined) return advice
  }
  if (trampoline.test(section) && errno !== EOPNOTSUPP) return trampolineAdvice(errno)
  if (/^\??u(ret)?probe\.multi\b/.test(section) && errno === EINVAL && !kernelIsAtLeast('6.6')) {
    return 'Many uprobes at once came with Linux 6.6: use attachUprobe()'
  }
  if (structOps.test(section)) {
    return 'The kernel calls it through a struct: attach() the skeleton, or attachStructOps() the map of that struct'
  }
  if (/^\??kprobe\.session\b/.test(section) && errno === EINVAL && !kernelIsAtLeast('6.10')) {
    return 'Sessions of kprobes came with Linux 6.10: use SEC("kprobe.multi")'
  }
  if (errno !== EOPNOTSUPP) return undefined
  const names = bySection ? section.includes('/') : true
  if (names && /^\??k(ret)?probe\.(multi|session)\b/.test(section)) {
    return 'This kernel cannot attach to many functions at once (CONFIG_FPROBE, Linux 5.18): use attachKprobe()'
  }
  if (!bySection) return undefined
  return `SEC("${section}") names nothing to attach to by itself: use one of the program's attach functions that names the target`
}

/** What to do when the kernel refused to load a program of the section before its verifier read it. */
export function loadAdvice(section: string, errno: number): string | undefined {
  if (structOps.test(section) && errno === ENOTSUPP) {
    return 'Name it in a struct in SEC(".struct_ops"), or set its autoload to false'
  }
  return trampoline.test(section) ? trampolineAdvice(errno) : undefined
}

function trampolineAdvice(errno: number): string | undefined {
  return errno === EPERM
    ? 'This process may load BPF, so the kernel itself refuses what attaches at function entries (CONFIG_DYNAMIC_FTRACE and, for LSM, CONFIG_BPF_LSM, or a policy of the host): use tp_btf, a tracepoint or a uprobe, or boot another kernel'
    : undefined
}

function lacksKprobes(): boolean {
  const events = '/sys/bus/event_source/devices'
  return exists(`${events}/software`) && !exists(`${events}/kprobe`)
}

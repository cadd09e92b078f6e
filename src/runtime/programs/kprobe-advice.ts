import { EINVAL, EOPNOTSUPP } from '../host/errno.ts'
import { exists } from '../host/files.ts'
import { kernelIsAtLeast } from '../host/kernel-release.ts'
import { tracefsAdvice } from '../host/tracefs.ts'
import { kprobeTargetAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'

/** Says what to do when a program could not be attached as a kprobe or uprobe. */
export function kprobeAdvice(
  section: string,
  { errno, log, bySection }: FailedAttach,
): string | undefined {
  if (/\bk(ret)?probe\b/.test(log) && lacksKprobes()) {
    return 'This kernel has no kprobes (CONFIG_KPROBES, CONFIG_KPROBE_EVENTS): attach to a tracepoint, or boot one that has'
  }
  if (/^\??u(ret)?probe\.multi\b/.test(section) && errno === EINVAL && !kernelIsAtLeast('6.6')) {
    return 'SEC("uprobe.multi") needs Linux 6.6: use attachUprobe()'
  }
  if (/^\??kprobe\.session\b/.test(section) && errno === EINVAL && !kernelIsAtLeast('6.10')) {
    return 'SEC("kprobe.session") needs Linux 6.10: use SEC("kprobe.multi")'
  }
  const names = bySection ? section.includes('/') : true
  if (names && errno === EOPNOTSUPP && /^\??k(ret)?probe\.(multi|session)\b/.test(section)) {
    return 'This kernel cannot attach to many functions at once (CONFIG_FPROBE, Linux 5.18): use attachKprobe()'
  }
  return kprobeTargetAdvice(log) ?? tracefsAdvice(log)
}

/** Whether the kernel has no kprobes, by its list of event sources for perf_event_open(2). */
export function lacksKprobes(): boolean {
  const events = '/sys/bus/event_source/devices'
  return exists(`${events}/software`) && !exists(`${events}/kprobe`)
}

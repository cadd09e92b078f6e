import { EPERM } from '../host/errno.ts'

/** Sections of programs that attach by a BPF trampoline, code that the kernel writes at a function's entry. */
const trampolineSections = /^\??(fentry|fexit|fmod_ret|fsession|lsm|lsm_cgroup|freplace)(\.|\/|$)/

/** Says what to do when the kernel refuses a program of such a section. */
export function trampolineAdvice(section: string, errno: number): string | undefined {
  return errno === EPERM && trampolineSections.test(section)
    ? 'This process may load BPF, so the kernel itself refuses what attaches at function entries (CONFIG_DYNAMIC_FTRACE and, for LSM, CONFIG_BPF_LSM, or a policy of the host): use tp_btf, a tracepoint or a uprobe, or boot another kernel'
    : undefined
}

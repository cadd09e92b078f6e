import { existsSync } from 'node:fs'

import { errnoName } from '../../runtime/host/errno.ts'
import { kernelBtf } from '../../runtime/probe/kernel-btf.ts'
import { trialLoad } from '../../runtime/probe/trial-load.ts'
import { lacksKprobes } from '../../runtime/programs/kprobe-advice.ts'
import { kernelBtf as kernelBtfFile } from './build.ts'
import { type Check, check } from './check.ts'

/** linux/bpf.h: enum bpf_prog_type, enum bpf_attach_type; a function of every kernel that has such programs. */
const trampolines = [
  {
    name: 'fentry',
    use: 'fentry, fexit, fmod_ret and freplace programs',
    target: { type: 26, attachType: 24, function: 'bpf_fentry_test1' },
    todo: 'Use tp_btf, tracepoint or uprobe programs, or a kernel with CONFIG_DYNAMIC_FTRACE\nthat no policy of the host restricts',
  },
  {
    name: 'LSM',
    use: 'lsm programs',
    target: { type: 29, attachType: 27, function: 'bpf_lsm_file_open' },
    todo: 'Boot a kernel with CONFIG_BPF_LSM and lsm=…,bpf, that no policy of the host restricts',
  },
] as const

/** Checks whether programs can be attached to kernel functions, which many machines do not allow. */
export function attachChecks(): Check[] {
  if (process.platform !== 'linux') return []
  const kprobes = !lacksKprobes()
  return [
    check(
      'kprobe',
      kprobes,
      `${kprobes ? '' : 'this kernel has none: '}for kprobe and ksyscall programs`,
      'Use tracepoint or tp_btf programs, or a kernel with CONFIG_KPROBES and CONFIG_KPROBE_EVENTS',
    ),
    ...trampolines.map(({ name, use, target, todo }) => {
      const refusal = trampolineRefusal(target)
      const found = refusal === undefined ? `for ${use}` : `${refusal}: for ${use}`
      return check(name, refusal === undefined, found, todo)
    }),
  ]
}

/** Returns why the kernel refuses a trial program for a function, undefined if it does not. */
function trampolineRefusal(target: {
  readonly type: number
  readonly attachType: number
  readonly function: string
}): string | undefined {
  if (!existsSync(kernelBtfFile)) return `no ${kernelBtfFile}`
  const found = kernelBtf('look for', target.function).find(target.function, 'func').next()
  if (found.done) return `this kernel has no function ${target.function}`
  const { type, attachType } = target
  const { result } = trialLoad(type, undefined, { attachType, btfId: found.value })
  return result < 0 ? `the kernel refuses a trial program (${errnoName(-result)})` : undefined
}

import { closeSync, constants, openSync } from 'node:fs'

import skel from './opens.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW
/** O_CLOEXEC of libuv and O_LARGEFILE of the kernel (uapi/asm-generic/fcntl.h; arm64's own). */
const ADDED = 0o2000000 | (process.arch === 'arm64' ? 0o400000 : 0o100000)
const SYSCALL = process.arch === 'x64' ? 257n : 56n

type Instance = ReturnType<typeof skel.open>

/** What each program reads of one open of /proc/version, by the descriptor that the open gave. */
const reads: Record<string, (instance: Instance, fd: number) => void> = {
  kprobe: flags,
  kretprobe: descriptor,
  kprobe_multi: () => {},
  ksyscall: pathAndFlags,
  fentry: flags,
  fexit: descriptor,
  tp_btf: ({ bss }) => equal('the number of the system call', bss.value, SYSCALL),
  raw_tp: ({ bss }) => equal('the number of the system call', bss.value, SYSCALL),
  tracepoint: pathAndFlags,
}

/** Those that turn the open of a folder away, and with what. */
const refusals: Record<string, string> = { fmod_ret: 'EPERM', lsm: 'EACCES' }

export const opens: readonly Scenario[] = [
  ...Object.entries(reads).map(([name, check]) => ({
    name: titleOf(name),
    run: () =>
      watching(name, (instance) => {
        const before = instance.bss.hits
        const fd = openSync('/proc/version', FLAGS)
        closeSync(fd)
        equal('the count of opens', instance.bss.hits - before, 1n)
        check(instance, fd)
      }),
  })),
  ...Object.entries(refusals).map(([name, code]) => ({
    name: titleOf(name),
    run: () =>
      watching(name, ({ bss }) => {
        closeSync(openSync('/proc/version', FLAGS))
        equal('the count of refusals of other files', bss.hits, 0n)
        equal('the refusal', failureOf(openFolder), code)
        equal('the count of refusals', bss.hits, 1n)
      }),
  })),
]

function titleOf(program: string): string {
  return program === 'kprobe_multi' ? 'kprobe.multi' : program
}

/** Runs `act` while the program alone is attached, and sees that it is not afterwards. */
function watching(name: string, act: (instance: Instance) => void): void {
  const instance = skel.open()
  try {
    instance.progs[name].autoload = true
    instance.rodata.target = process.pid
    instance.rodata.syscall_number = SYSCALL
    instance.rodata.directory = constants.O_DIRECTORY
    instance.load().attach()
    act(instance)
    const { hits } = instance.bss
    instance.detach()
    closeSync(openSync('/proc', constants.O_DIRECTORY))
    equal('the count after detach()', instance.bss.hits, hits)
  } finally {
    instance.destroy()
  }
}

function flags({ bss }: Instance): void {
  equal('the flags', Number(bss.value) & ~ADDED, FLAGS)
}

function descriptor({ bss }: Instance, fd: number): void {
  equal('the descriptor', Number(bss.value), fd)
}

function pathAndFlags(instance: Instance): void {
  flags(instance)
  equal('the path', instance.bss.path, '/proc/version')
}

function openFolder(): void {
  closeSync(openSync('/proc', constants.O_DIRECTORY))
}

function failureOf(act: () => void): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

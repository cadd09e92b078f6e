import { closeSync, openSync } from 'node:fs'

import { AgentRun, replaceSkeleton } from '../../../src/runtime/hot/index.ts'
import type { Link } from '../../../src/runtime/index.ts'
import skel from './functions.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

type Instance = ReturnType<typeof skel.open>

/** What cannot be tried in every machine's kernel: by program, how it is attached. */
const ways: Readonly<Record<string, (instance: Instance) => Link>> = {
  kprobe: ({ progs }) => progs.kprobe.attachKprobe('do_sys_openat2', { cookie: 5 }),
  kprobe_multi: ({ progs }) => progs.kprobe_multi.attachKprobeMulti(['do_sys_openat2']),
  fentry: ({ progs }) => progs.fentry.attachTrace({ cookie: 7 }),
  lsm: ({ progs }) => progs.lsm.attachLsm(),
}

/** The program is replaced by itself, as by an edit that changes nothing. */
export const replaced: readonly Scenario[] = Object.entries(ways).map(([name, attach]) => ({
  name: `${name} replaced`,
  async run() {
    const instance: Instance = new AgentRun().start(() => skel.open())
    try {
      instance.progs[name].autoload = true
      instance.rodata.target = process.pid
      const link = attach(instance.load())
      const { id } = instance.progs[name]
      await replaceSkeleton(skel, skel, () => true)
      equal('whether it is another program', instance.progs[name].id !== id, true)
      equal('whether the link lives', link.destroyed, false)
      // To replace it opens files, too.
      instance.bss.hits = 0n
      openOnce()
      equal('the count', instance.bss.hits, 1n)
      link.destroy()
      openOnce()
      equal('the count after destroy()', instance.bss.hits, 1n)
    } finally {
      instance.destroy()
    }
  },
}))

function openOnce(): void {
  closeSync(openSync('/proc/version', 'r'))
}

import { start } from '../../kernel/probed.ts'
import skel from './calls.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

/** The program of e2e/kernel/probed.ts, where it could be built with its probe. */
const { PROBED } = process.env

export const calls: readonly Scenario[] = PROBED
  ? [{ name: 'usdt', run: () => seesCalls(PROBED) }]
  : []

async function seesCalls(path: string): Promise<void> {
  const probed = start(path)
  const instance = skel.openAndLoad()
  try {
    const { bss, progs } = instance
    const link = progs.on_call.attachUsdt(path, 'probed', 'call', { pid: probed.pid })
    equal('what the process says', await probed.call(), '5 1')
    equal('the count of calls', bss.hits, 1n)
    link.destroy()
    equal('what it says after destroy()', await probed.call(), '10 0')
    equal('the calls after destroy()', bss.hits, 1n)
  } finally {
    instance.destroy()
    probed.end()
  }
}

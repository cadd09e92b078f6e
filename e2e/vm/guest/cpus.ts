import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'

import skel from './cpus.bpf.c'
import type { Scenario } from './scenario.ts'

export const cpus: readonly Scenario[] = [
  {
    name: 'perf buffer, a CPU comes online',
    async run() {
      setOnline(false)
      const instance = skel.openAndLoad().attach()
      const heard = new Set<number>()
      instance.maps.calls.on((record: Uint8Array) => heard.add(record[0] ?? 0))
      const hear = async (what: string): Promise<void> => {
        const end = performance.now() + 60_000
        heard.clear()
        while (!heard.has(1)) {
          if (performance.now() > end) throw new Error(`nothing was heard of a CPU ${what}`)
          await callThere(instance)
        }
      }
      try {
        setOnline(true)
        await hear('that came online')
        // Too quick to be seen as offline.
        setOnline(false)
        setOnline(true)
        await hear('that was offline')
      } finally {
        instance.destroy()
      }
    },
  },
]

function setOnline(online: boolean): void {
  writeFileSync('/sys/devices/system/cpu/cpu1/online', online ? '1' : '0')
}

async function callThere({ bss }: ReturnType<typeof skel.open>): Promise<void> {
  // The mask of the CPU 1. Stopped until its number is known.
  const words = ['-c', 'read go; exec taskset 2 dd if=/dev/zero of=/dev/null bs=1 count=100']
  const process = spawn('sh', words, { stdio: ['pipe', 'ignore', 'ignore'] })
  bss.target = process.pid
  process.stdin.end('go\n')
  await once(process, 'exit')
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { KernelObject } from './kernel-objects.ts'
import { exists } from './kernel-objects.ts'
import opens from './opens.bpf.c'
import packets from './packets.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

/** Given as the bundle's argument, it loads and attaches, tells of what, and waits to be killed. */
export const VICTIM = 'victim'

export const killed: readonly Scenario[] = [
  {
    name: 'SIGKILL leaves nothing',
    async run() {
      const victim = spawn(process.execPath, [process.argv[1] ?? '', VICTIM], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(victim.stdout, 'data')) as [Buffer]
      const objects = JSON.parse(String(line)) as KernelObject[]
      equal('the kinds', new Set(objects.map(({ kind }) => kind)).size, 3)
      equal(
        'what there is before',
        objects.filter((object) => !exists(object)),
        [],
      )
      victim.kill('SIGKILL')
      await once(victim, 'close')
      // The kernel frees them a little later.
      const end = performance.now() + 30_000
      while (objects.some(exists) && performance.now() < end) await sleep(100)
      equal('what is left', objects.filter(exists), [])
    },
  },
]

export function beKilled(): void {
  const tracing = opens.open()
  tracing.progs.tp_btf.autoload = true
  tracing.load().attach()
  const network = packets.open()
  network.progs.xdp.autoload = true
  network.load()
  network.links.xdp = network.progs.xdp.attachXdp('lo', { mode: 'generic' })
  writeSync(1, JSON.stringify([tracing, network].flatMap(objectsOf)))
  // Its links hold the process.
}

function objectsOf({ maps, progs, links }: ReturnType<typeof opens.open>): KernelObject[] {
  const loaded = Object.values<{ autoload: boolean; id: number }>(progs)
  return [
    ...Object.values<{ id: number }>(maps).map(({ id }) => ({ kind: 'map', id }) as const),
    ...loaded
      .filter(({ autoload }) => autoload)
      .map(({ id }) => ({ kind: 'program', id }) as const),
    ...Object.values<{ id: number } | null>(links).flatMap((link) =>
      link ? [{ kind: 'link', id: link.id } as const] : [],
    ),
  ]
}

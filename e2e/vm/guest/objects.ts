import { readFileSync } from 'node:fs'

import { congestedBytes } from '../../kernel/congestion.ts'
import commandsSkel from './commands.bpf.c'
import controlSkel from './control.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'
import sharedSkel, { types } from './shared.bpf.c'
import tasksSkel from './tasks.bpf.c'

/** What control.bpf.c is compiled with; the bundle says it. */
declare const CONTROL: string

export const objects: readonly Scenario[] = [
  {
    name: 'iter/task',
    run: () =>
      loaded(tasksSkel, ({ progs }) => {
        const own = `${process.pid} ${readFileSync('/proc/self/comm', 'utf8').trim()}`
        const lines: string[] = progs.tasks.attach().text().split('\n')
        equal('the line of this process', lines.includes(own), true)
        equal('the number of its lines', lines.filter((line) => line === own).length, 1)
      }),
  },
  {
    name: 'user ring buffer',
    run: () =>
      loaded(commandsSkel, ({ maps, progs, bss }) => {
        maps.commands.send({ factor: 2, number: 10n })
        maps.commands.send({ factor: 3, number: 7n })
        equal('the count of records', progs.drain.testRun().retval, 2)
        equal('the sum', bss.sum, 41n)
      }),
  },
  {
    name: 'arena',
    run: () =>
      loaded(sharedSkel, (instance) => {
        const { progs, maps, arena } = instance
        equal('the initial value', arena.length, 7)
        arena.length = 40
        progs.prepend.testRun()
        progs.prepend.testRun()
        equal('the length', arena.length, 42)
        const first = maps.arena.view(types['item'], arena.head)
        const second = maps.arena.view(types['item'], first.next)
        equal('the list', [first.number, second.number, second.next], [42n, 41n, 0n])
      }),
  },
  {
    name: 'struct_ops',
    run: () =>
      loaded(controlSkel, async (instance) => {
        equal('the list before', available().includes(CONTROL), false)
        instance.attach()
        equal('the list', available().includes(CONTROL), true)
        equal('the errno of a connection', await congestedBytes(CONTROL), 0)
        equal('the count of connections', instance.bss.started, 1n)
        instance.detach()
        equal('the list after detach()', available().includes(CONTROL), false)
      }),
  },
]

async function loaded(
  skel: typeof tasksSkel,
  act: (instance: ReturnType<typeof tasksSkel.open>) => void | Promise<void>,
): Promise<void> {
  const instance = skel.openAndLoad()
  try {
    await act(instance)
  } finally {
    instance.destroy()
  }
}

function available(): string[] {
  const path = '/proc/sys/net/ipv4/tcp_available_congestion_control'
  return readFileSync(path, 'utf8').trim().split(' ')
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'

import skel from './recent.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

type Instance = ReturnType<typeof skel.open>

interface Recent {
  number: bigint
  copies: bigint[]
}

/** Of 128 bytes and a header of 8, with a byte to spare. */
const fit = 30

export const recent: readonly Scenario[] = [
  {
    name: 'overwriting ring buffer',
    run: () =>
      loaded(async ({ maps, progs }) => {
        const write = (count: number): void => {
          for (let left = count; left > 0; left--) progs.write.testRun()
        }
        write(100)
        equal('the records', await take(maps.newest, 2), [100 - fit + 1, 100 - fit + 2])
        const heard: bigint[] = []
        const subscription = maps.newest.on(({ number }: Recent) => heard.push(number))
        equal(
          'the rest',
          maps.newest.consume(() => {}),
          fit - 2,
        )
        // The listener has not been called: it finds what was overwritten meanwhile gone.
        write(fit)
        write(1)
        const all = Array.from({ length: fit }, (_, index) => BigInt(102 + index))
        await until('the listener', () => heard.length >= fit)
        equal('what was heard', heard, all)
        write(1)
        await until('the wake-up', () => heard.length > fit)
        subscription.stop()
        write(5)
        equal('what was not read', await take(maps.newest, 5), [133, 134, 135, 136, 137])
      }),
  },
  {
    name: 'overwriting ring buffer, flooded',
    run: () =>
      loaded(async ({ maps, progs, bss }) => {
        const command = 'read go; exec dd if=/dev/zero of=/dev/null bs=1 count=20000'
        const flood = spawn('sh', ['-c', command], { stdio: ['pipe', 'ignore', 'ignore'] })
        bss.target = flood.pid
        progs.flood.attach()
        let [last, count, torn] = [0n, 0, 0]
        maps.newest.on(({ number, copies }: Recent) => {
          if (number <= last || copies.some((copy) => copy !== number)) torn++
          last = number
          count++
        })
        flood.stdin.end('go\n')
        await once(flood, 'exit')
        await until('the newest', () => last === bss.number)
        equal('the torn records', torn, 0)
        equal('that there were some', count > fit, true)
      }),
  },
]

async function take(map: AsyncIterable<Recent>, count: number): Promise<number[]> {
  const numbers: number[] = []
  for await (const { number } of map) if (numbers.push(Number(number)) === count) break
  return numbers
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what} never came`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function loaded(act: (instance: Instance) => Promise<void>): Promise<void> {
  const instance = skel.openAndLoad()
  try {
    await act(instance)
  } finally {
    instance.destroy()
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it, onTestFinished } from 'vitest'

import { buildSkeleton } from '../../../src/codegen/skeleton.ts'
import { AgentRun } from '../../../src/runtime/hot/index.ts'
import { shutdownSignal } from '../../../src/runtime/index.ts'
import { skeleton } from '../../../src/runtime/internal.ts'

async function later(): Promise<AbortSignal> {
  await sleep(1)
  return shutdownSignal()
}

it('gives each run of an agent a shutdownSignal() of its own, through its awaits', async () => {
  const [first, second] = [new AgentRun(), new AgentRun()]
  const signals = await Promise.all([first.start(later), second.start(later), later()])
  first.interrupt()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false])
})

it('says so in a run that has ended, which starts nothing more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hot-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'none.bpf.c')
  await writeFile(file, 'int counter;\n')
  const { object = new Uint8Array() } = await buildSkeleton(file, { cache: false })
  const base64 = Buffer.from(object).toString('base64')
  const skel = skeleton({ name: 'none', object: base64, maps: [], programs: [], sections: [] })

  const run = new AgentRun()
  const starting = run.start(async () => {
    await sleep(1)
    expect(shutdownSignal().aborted).toBe(true)
    return skel.open()
  })
  run.interrupt()
  await expect(starting).rejects.toThrow('replaced')
})

/**
 * One bundle in several kernels, with several libbpfs. `npm test` runs it in this machine's and in the newest of the
 * others; `npm run matrix` in all, and prints what works where.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { libbpf18 } from '../../test/debian/linux-tools.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'
import { hasSdt, probed } from '../kernel/probed.ts'
import { loading } from '../loading.ts'
import { expectRefusals } from '../refused/expected.ts'
import { bundleGuest } from './bundle.ts'
import type { Outcome, Run } from './guest/scenario.ts'
import { kernels } from './kernels.ts'
import { PATIENCE } from './machine.ts'
import { isMet, needs } from './needs.ts'
import { runHere, runInKernel, type Wanted } from './runs.ts'
import { table } from './table.ts'

const isWhole = process.env['UNPLUGIN_BPF_KERNELS'] === 'all'
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-matrix-'))
const program = join(folder, 'main.mjs')
const probe = hasSdt ? probed() : undefined
const runs: Run[] = []

beforeAll(() => bundleGuest(program))
afterAll(() => {
  probe?.remove()
  rmSync(folder, { recursive: true })
  if (isWhole) console.log(table(runs))
})

describe('one bundle, compiled here', () => {
  it.for(
    (isWhole ? kernels : kernels.slice(-1)).map((kernel) => [kernel.version, kernel] as const),
  )("runs in Debian's %s", { timeout: (PATIENCE + 5) * 60_000 }, async ([, kernel], { skip }) => {
    const wanted = await prepared(skip)
    expectAsNeeded(await runInKernel(kernel, wanted).catch(skipping(skip)))
  })

  it.skipIf(!loading.possible)(
    `runs in this machine's kernel${loading.otherwise}`,
    async ({ skip }) => {
      const here = runHere(await prepared(skip))
      runs.push(...here)
      for (const { refusals } of here) expectRefusals(refusals)
      // What it lacks depends on how it was built.
      const all = here.flatMap(({ outcomes }) => outcomes)
      expect(all.filter(({ result }) => result === 'wrong')).toEqual([])
    },
  )
})

type Skip = (reason: string) => never

/** With the installed libbpf, and the newest. */
async function prepared(skip: Skip): Promise<Wanted> {
  const newest = await libbpf18().catch(skipping(skip))
  return { program, libbpfs: [installed(skip), newest.shared], probed: probe?.path }
}

function skipping(skip: Skip): (error: unknown) => never {
  return (error) => {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}

function expectAsNeeded(all: readonly Run[]): void {
  runs.push(...all)
  for (const { release, libbpf, outcomes, refusals } of all) {
    expectRefusals(refusals)
    expect({ release, libbpf, outcomes }).toEqual({
      release,
      libbpf,
      outcomes: outcomes.map(({ scenario }) => expected(scenario, release, libbpf)),
    })
  }
}

function expected(scenario: string, release: string, libbpf: string): Outcome {
  const need = needs[scenario]
  if (!need || isMet(need, release, libbpf)) return { scenario, result: 'works' }
  return { scenario, result: 'refused', message: expect.stringMatching(need.says) as string }
}

function installed(skip: Skip): string {
  const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']
  const found = [
    process.env['BPF_LIBBPF'] ?? '',
    ...places.map((place) => `${place}/libbpf.so.1`),
  ].find((path) => existsSync(path))
  return found ?? skip('there is no libbpf.so.1')
}

/**
 * One bundle in several kernels, with several libbpfs. `npm test` runs it in this machine's and in the newest of the
 * others; `npm run matrix` in all, and prints what works where.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { kernelBtf } from '../../test/debian/kernel-btf.ts'
import { libbpf18 } from '../../test/debian/linux-tools.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'
import { hasSdt, probed } from '../kernel/probed.ts'
import { loading } from '../loading.ts'
import { expectRefusals } from '../refused/expected.ts'
import { bundleGuest } from './bundle.ts'
import { foreignLibbpfs } from './guest-system.ts'
import type { Outcome, Run } from './guest/scenario.ts'
import { type Kernel, kernelImage, kernels } from './kernels.ts'
import { PATIENCE } from './machine.ts'
import { isMet, needs } from './needs.ts'
import { runHere, runInKernel, type Wanted } from './runs.ts'
import { table } from './table.ts'

const isWhole = process.env['UNPLUGIN_BPF_KERNELS'] === 'all'
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-matrix-'))
const probe = hasSdt ? probed() : undefined
const runs: Run[] = []

afterAll(() => {
  probe?.remove()
  rmSync(folder, { recursive: true })
  if (isWhole) console.log(table(runs))
})

const booted = (isWhole ? kernels : kernels.slice(-1)).map(
  (kernel) => [kernel.version, kernel.architecture, kernel] as const,
)

describe('one bundle, compiled here', () => {
  it.for(booted)(
    "runs in Debian's %s for %s",
    { timeout: (PATIENCE + 5) * 60_000 },
    async ([, architecture, kernel], { skip }) => {
      const wanted = architecture === process.arch ? prepared() : preparedFor(kernel)
      expectAsNeeded(
        await wanted.then((wanted) => runInKernel(kernel, wanted)).catch(skipping(skip)),
      )
    },
  )

  it.skipIf(!loading.possible)(
    `runs in this machine's kernel${loading.otherwise}`,
    async ({ skip }) => {
      const here = runHere(await prepared().catch(skipping(skip)))
      runs.push(...here)
      for (const { refusals } of here) expectRefusals(refusals)
      // What it lacks depends on how it was built.
      const all = here.flatMap(({ outcomes }) => outcomes)
      expect(all.filter(({ result }) => result === 'wrong')).toEqual([])
    },
  )
})

/** With the installed libbpf, and the newest. */
async function prepared(): Promise<Wanted> {
  const program = join(folder, 'main.mjs')
  await bundleGuest(program)
  const newest = await libbpf18()
  return { program, libbpfs: [installed(), newest.shared], probed: probe?.path }
}

/** For a machine of another architecture: with the types of its kernel, and Debian's libbpfs. */
async function preparedFor(kernel: Kernel): Promise<Wanted> {
  const { architecture } = kernel
  const program = join(folder, `${architecture}.mjs`)
  const vmlinux = join(folder, `${architecture}.btf`)
  await writeFile(vmlinux, await kernelBtf(await kernelImage(kernel)))
  await bundleGuest(program, { arch: architecture === 'x64' ? 'x86' : architecture, vmlinux })
  return { program, libbpfs: await foreignLibbpfs(architecture), probed: undefined }
}

type Skip = (reason: string) => never

function skipping(skip: Skip): (error: unknown) => never {
  return (error) => {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}

function expectAsNeeded(all: readonly Run[]): void {
  runs.push(...all)
  for (const run of all) {
    expectRefusals(run.refusals)
    expect(run).toEqual({
      ...run,
      outcomes: run.outcomes.map(({ scenario }) => expected(scenario, run)),
    })
  }
}

function expected(scenario: string, run: Run): Outcome {
  const need = needs[scenario]
  if (!need || isMet(need, run)) return { scenario, result: 'works' }
  return { scenario, result: 'refused', message: expect.stringMatching(need.says) as string }
}

function installed(): string {
  const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']
  const found = [
    process.env['BPF_LIBBPF'] ?? '',
    ...places.map((place) => `${place}/libbpf.so.1`),
  ].find((path) => existsSync(path))
  if (found === undefined) throw new Unavailable('there is no libbpf.so.1')
  return found
}

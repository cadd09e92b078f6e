import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { loading } from '../loading.ts'

const exec = promisify(execFile)
const playground = fileURLToPath(new URL('../../playground/profile', import.meta.url))
const bundle = join(playground, 'dist/profile.mjs')

/** Spends all of its time in one function, reached by way of another. */
const busy = `
volatile int count;
void spin(void) { for (int i = 0; i < 1000000; i++) count++; }
void work(void) { for (;;) { spin(); count--; } }
int main(void) { work(); }
`
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unplugin-bpf-profile-'))
  await writeFile(join(folder, 'busy.c'), busy)
  // Without optimisation every function keeps its frame, by which the kernel walks a stack.
  await exec('gcc', ['-O0', '-o', join(folder, 'busy'), join(folder, 'busy.c')])
  await exec('node', [join(playground, 'build.mjs')])
})
afterAll(() => rm(folder, { recursive: true }))

describe.skipIf(!loading.possible)(`the profiler${loading.otherwise}`, () => {
  it('finds the function in which a process spends its time, and what called it', async () => {
    const process = spawn(join(folder, 'busy'), { stdio: 'ignore' })
    onTestFinished(() => void process.kill())
    const args = ['--pid', String(process.pid), '--seconds', '1', '--frequency', '499']
    const { stdout, stderr } = await exec('node', [bundle, ...args])
    expect(stderr).toBe('')
    const samples = (pattern: RegExp): number =>
      [...stdout.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0)
    const all = samples(/^busy;.* (\d+)$/gm)
    expect(all).toBeGreaterThan(20)
    expect(samples(/^busy;.*main;work;spin(?:;.*)? (\d+)$/gm) / all).toBeGreaterThan(0.9)
  })
})

it('type-checks against what its build declares', async () => {
  const compiler = fileURLToPath(
    new URL('../../node_modules/typescript-7/bin/tsc', import.meta.url),
  )
  await exec('node', [compiler, '--project', playground])
})

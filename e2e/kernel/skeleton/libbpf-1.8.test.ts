import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { expect, test } from 'vitest'

import { libbpf18 } from '../../../test/debian/linux-tools.ts'
import { Unavailable } from '../../../test/debian/unavailable.ts'
import { describeInKernel } from '../permitted.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))

/** Which show where libbpf 1.8 differs from Debian's 1.1; a process has one libbpf, so they run again in others. */
const files = [
  'events/ringbuf',
  'hot/replace',
  'hot/replace-links',
  'links/tracing',
  'links/uprobe-and-kprobe',
  'links/uprobe-functions',
  'maps/arena',
  'maps/hash-and-array',
  'maps/kernel-owned',
  'maps/sections',
  'maps/struct-ops',
  'skeleton/lifecycle',
  'skeleton/load-async-errors',
].map((name) => `e2e/kernel/${name}.test.ts`)

describeInKernel('with libbpf 1.8', () => {
  const name = 'the same tests pass, and those of what only it can do'
  test(name, { timeout: 600_000 }, async ({ skip }) => {
    const outer = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'))
    const inner = await execa(process.execPath, [vitest, 'run', '--reporter=json', ...files], {
      cwd: root,
      env: { ...Object.fromEntries(outer), BPF_LIBBPF: await library(skip) },
      extendEnv: false,
      reject: false,
    })
    // Without a test to run there is no report, and stderr says why.
    const { testResults } = JSON.parse(inner.stdout || '{ "testResults": [] }') as Report
    expect(testResults.length, inner.stderr).toBe(files.length)
    const failed = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed'),
    )
    expect(failed).toEqual([])
    expect(inner.exitCode).toBe(0)
  })
})

async function library(skip: (reason: string) => never): Promise<string> {
  try {
    return (await libbpf18()).shared
  } catch (error) {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

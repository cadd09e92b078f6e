import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { expect, test } from 'vitest'

import { loading } from '../loading.ts'

const run = fileURLToPath(new URL('run.mjs', import.meta.url))

test.skipIf(!loading.possible)(
  `the benchmark measures all but the time to save a file${loading.otherwise}`,
  async () => {
    const measures = ['records', 'maps', 'load', 'generate', 'build', 'rebuild', 'size']
    const { stdout } = await execa(process.execPath, [run, '--quick', ...measures])
    const [head = '', ...rows] = stdout.split('\n')
    expect(head).toMatch(/^what +ours +reference/)
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) expect(row).toMatch(/ \d[\d.]* (?:ns|us|ms|kB|%)/)
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/)
  },
)

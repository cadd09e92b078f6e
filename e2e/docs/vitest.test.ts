import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'
import { loading } from '../loading.ts'
import { codeBlocks } from './code-blocks.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

describe.skipIf(!loading.possible)(`the page on testing${loading.otherwise}`, () => {
  let installed: Installed

  beforeAll(async () => {
    installed = await installPackage(['vite', 'vitest'])
    await writeFile(join(installed.app, 'package.json'), '{ "type": "module" }')
    for (const { page, file, text } of codeBlocks(root)) {
      if (page === 'docs/guide/testing' && file) await writeFile(join(installed.app, file), text)
    }
  }, 60_000)
  afterAll(() => installed?.remove())

  it('has an example that passes in Vitest', { timeout: 60_000 }, async () => {
    const command = join(root, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await exec('node', [command, 'run', '--reporter', 'json'], {
      cwd: installed.app,
    }).catch(({ stdout }: { stdout: string }) => ({ stdout }))
    const { numPassedTests, testResults } = JSON.parse(stdout)
    expect(testResults.map(({ message }: { message: string }) => message).join()).toBe('')
    expect(numPassedTests).toBe(1)
  })
})

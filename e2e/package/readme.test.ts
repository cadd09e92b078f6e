import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'
import { loading } from '../loading.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The fenced blocks whose first line is a comment that names a file. */
const files = new Map(
  Array.from(
    readme.matchAll(/^```\w+\n\/\/ (\S+)\n([\s\S]*?)^```$/gm),
    ([, name = '', text = '']) => [name, text],
  ),
)

let installed: Installed

beforeAll(async () => {
  installed = await installPackage(['esbuild', '@types/node', 'undici-types'])
  await writeFile(join(installed.app, 'package.json'), '{ "type": "module" }')
  for (const name of ['build.mjs', 'execs.bpf.c', 'agent.ts', 'tsconfig.json']) {
    await writeFile(join(installed.app, name), files.get(name) ?? '')
  }
})
afterAll(() => installed?.remove())

describe("the README's agent", () => {
  it('takes less than 30 lines', () => {
    const lines = ['execs.bpf.c', 'agent.ts'].flatMap((name) => files.get(name)?.split('\n') ?? [])
    expect(lines.filter((line) => line !== '').length).toBeLessThan(30)
  })

  it.skipIf(!loading.possible)(`prints processes until Ctrl-C${loading.otherwise}`, async () => {
    await exec('node', ['build.mjs'], { cwd: installed.app })
    const agent = spawn(process.execPath, ['dist/agent.mjs'], { cwd: installed.app })
    let output = ''
    agent.stdout.on('data', (chunk) => (output += chunk))
    for (let i = 0; i < 100 && !/ true$/m.test(output); i++) {
      spawn('true', { stdio: 'ignore' })
      await sleep(100)
    }
    agent.kill('SIGINT')
    const [status] = await once(agent, 'close')
    expect(output).toMatch(/^\d+ true$/m)
    expect(status).toBe(0)
  })

  it.each(['typescript', 'typescript-7'])(
    'type-checks with what the build wrote, by the tsconfig.json of the README alone: %s',
    async (typescript) => {
      await exec('node', ['build.mjs'], { cwd: installed.app })
      const compiler = join(root, 'node_modules', typescript, 'bin/tsc')
      await exec('node', [compiler, '--noEmit', '--project', '.'], { cwd: installed.app })
    },
  )
})

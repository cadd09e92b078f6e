import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'

import { npmPackage } from '../../test/debian/npm.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'
import { installPackage, type Installed } from '../install.ts'

const exec = promisify(execFile)

let installed: Installed

const files = {
  // No "type": CommonJS, in which tsx makes require() of import.
  'package.json': '{}',
  'pair.bpf.c': 'struct pair { int first; long long second; };\nstruct pair last;\n',
  'broken.bpf.c': 'int one = 1;\nint two = one +;\n',
  'import.mjs':
    "import skel, { types } from './pair.bpf.c'\nconsole.log(skel.name, types.pair.size)\n",
  'require.cjs':
    "const { default: skel, types } = require('./pair.bpf.c')\nconsole.log(skel.name, types.pair.size)\n",
  'require-broken.cjs': "require('./broken.bpf.c')\n",
  'agent.ts':
    "import skel, { types } from './pair.bpf.c'\nconst size: number = types.pair.size\nconsole.log(skel.name, size)\n",
}

beforeAll(async () => {
  installed = await installPackage(['tsx', 'esbuild'])
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(installed.app, name), text)
  }
})
afterAll(() => installed?.remove())

const register = ['--import', 'unplugin-bpf/register']

/** What it prints; or, where it fails, what it says. */
async function run(node: string, args: readonly string[]): Promise<string> {
  const done = await exec(node, args, { cwd: installed.app }).catch((error) => error)
  return done.stdout + done.stderr
}

const loaders: readonly [string, readonly string[]][] = [
  ['require.cjs', [...register, 'require.cjs']],
  ['agent.ts by way of tsx', ['--import', 'tsx', ...register, 'agent.ts']],
  ['agent.ts, tsx coming last', [...register, '--import', 'tsx', 'agent.ts']],
]

async function fetched(version: string, skip: TestContext['skip']): Promise<string> {
  try {
    return join(await npmPackage(`node-linux-${process.arch}`, version), 'bin/node')
  } catch (error) {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}

describe.each(['22.23.3', '24.21.0', '26.10.0'])('Node %s', (version) => {
  it.for([['import.mjs', [...register, 'import.mjs']] as const, ...loaders])(
    'compiles for %s, and uses nothing that is deprecated',
    async ([, args], { skip }) => {
      const node = await fetched(version, skip)
      expect(await run(node, ['--throw-deprecation', ...args])).toBe('pair_bpf 16\n')
    },
  )

  it('says where the C that is required is wrong', async ({ skip }) => {
    const node = await fetched(version, skip)
    const said = await run(node, [...register, 'require-broken.cjs'])
    expect(said).toMatch(/SyntaxError: \S+broken\.bpf\.c:2:16: error: expected expression/)
  })
})

/** Older Node has no hooks for require(). */
describe('Node 20.20.2', () => {
  it('compiles for import', async ({ skip }) => {
    const node = await fetched('20.20.2', skip)
    expect(await run(node, [...register, 'import.mjs'])).toBe('pair_bpf 16\n')
  })

  it.for(loaders)('says of %s what to do instead', async ([, args], { skip }) => {
    const node = await fetched('20.20.2', skip)
    expect(await run(node, args)).toMatch(
      /Error: cannot require \S+pair\.bpf\.c: .* Node 22\.15 .* this is v20\.20\.2\. Import it/,
    )
  })
})

import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'

const exec = promisify(execFile)

let installed: Installed

const tsconfig = JSON.stringify({
  compilerOptions: {
    strict: true,
    module: 'nodenext',
    lib: ['es2023', 'esnext.disposable'],
    types: [],
    noEmit: true,
    skipLibCheck: true,
    allowArbitraryExtensions: true,
    rootDirs: ['.', '.bpf/types'],
  },
  include: ['src'],
})

/** A workspace of an agent and of a package that has the C, in which each sees what it depends on. */
const files = {
  'package.json': '{ "private": true, "workspaces": ["packages/*"] }',
  'packages/probes/package.json': JSON.stringify({
    name: '@acme/probes',
    type: 'module',
    exports: { './pair.bpf.c': './src/pair.bpf.c' },
    'unplugin-bpf': { types: { dir: '.' } },
  }),
  'packages/probes/src/pair.bpf.c': 'struct pair { int first; };\nstruct pair last;\n',
  'packages/agent/package.json': '{ "name": "agent", "type": "module" }',
  'packages/agent/tsconfig.json': tsconfig,
  'packages/agent/src/by-name.ts': `import skel, { types, type pair } from '@acme/probes/pair.bpf.c'
const last: pair = { first: skel.open().bss.last.first }
// @ts-expect-error there is no such variable
console.log(last, types.pair.size, skel.open().bss.missing)
`,
  'packages/agent/src/by-path.ts': `import skel, { types, type pair } from '../../probes/src/pair.bpf.c'
const last: pair = { first: skel.open().bss.last.first }
// @ts-expect-error there is no such variable
console.log(last, types.pair.size, skel.open().bss.missing)
`,
  'packages/agent/build.mjs': `import { build } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'
await build({
  entryPoints: ['src/by-name.ts', 'src/by-path.ts'],
  outdir: 'dist', bundle: true, platform: 'node', format: 'esm', plugins: [bpf()],
})
`,
}

beforeAll(async () => {
  installed = await installPackage(['esbuild'])
  const { app } = installed
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(app, name)), { recursive: true })
    await writeFile(join(app, name), text)
  }
  await mkdir(join(app, 'node_modules/@acme'), { recursive: true })
  await symlink(join(app, 'packages/probes'), join(app, 'node_modules/@acme/probes'))
})
afterAll(() => installed?.remove())

describe.each([
  ['a tsconfig.json', true],
  ['no tsconfig.json', false],
])('C in a sibling workspace package with %s', (_, hasConfig) => {
  it.each(['typescript-5.9', 'typescript', 'typescript-7'])(
    'type-checks by package name and by relative path: %s',
    async (typescript) => {
      const { app } = installed
      if (hasConfig) await writeFile(join(app, 'packages/probes/tsconfig.json'), tsconfig)
      else await writeFile(join(app, 'tsconfig.json'), '{ "files": [] }')
      const cwd = join(app, 'packages/agent')
      await exec('node', ['build.mjs'], { cwd })
      const compiler = fileURLToPath(
        new URL(`../../node_modules/${typescript}/bin/tsc`, import.meta.url),
      )
      const check = exec('node', [compiler, '-p', '.'], { cwd }).catch((failure) => failure)
      expect(await check).toMatchObject({ stdout: '' })
    },
  )
})

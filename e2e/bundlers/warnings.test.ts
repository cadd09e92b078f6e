import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'

import * as esbuild from 'esbuild'
import { rolldown } from 'rolldown'
import * as vite from 'vite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import bpfForEsbuild from '../../plugin/esbuild.ts'
import bpfForRolldown from '../../plugin/rolldown.ts'
import bpfForVite from '../../plugin/vite.ts'
import { findClang } from '../../src/compile/clang/find-clang.ts'
import { type Project, Workspace } from './project.ts'

const exec = promisify(execFile)
const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

const source = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct key { __u32 address; __u16 port; };
struct wave { int length; _Complex float phase; };
struct wave wave;
struct {
	__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1);
	__type(key, struct key); __type(value, struct wave);
} counts SEC(".maps");
SEC("xdp") int pass(void *ctx) { return 2; }
`

/** Of each warning its place and how it begins. */
const expected = [
  ['odd.bpf.c:10:3', 'the key of map counts has padding'],
  ['odd.bpf.c:5:42', 'member phase of struct wave becomes bytes in JavaScript'],
]

let workspace: Workspace
let project: Project

beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  project = await workspace.project({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': '{}',
    'odd.bpf.c': source,
    'agent.js': "import skel from './odd.bpf.c'\nconsole.log(skel.name)\n",
  })
})

/** Each once, in lines of any text. */
function expectOnce(text: string): void {
  const plain = stripVTControlCharacters(text)
  for (const [place = '', message = ''] of expected) {
    expect(plain.split(message)).toHaveLength(2)
    expect(plain).toMatch(new RegExp(`${place}\\b[^]{0,40}${message}`, 'u'))
  }
}

interface Seen {
  readonly message: string
  readonly id?: string | undefined
  readonly loc?: { readonly line: number; readonly column: number } | undefined
}

/** As Rollup and its kin log them, columns from 0. */
function expectLogs(logs: readonly Seen[]): void {
  const places = logs.map(({ id, loc }) => `${id}:${loc?.line}:${(loc?.column ?? 0) + 1}`)
  expect(places.toSorted()).toEqual(expected.map(([place]) => join(project.folder, place ?? '')))
  expectOnce(logs.map(({ message }) => message).join('\n'))
}

describe('what a build warns of is said once, with its place', () => {
  it('by esbuild', async () => {
    const { warnings } = await esbuild.build({
      absWorkingDir: project.folder,
      entryPoints: ['agent.js'],
      outfile: 'dist/agent.js',
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      plugins: [bpfForEsbuild()],
    })
    const text = warnings.map(({ location, text }) => {
      return `${location?.file}:${location?.line}:${(location?.column ?? 0) + 1}: ${text}`
    })
    expectOnce(text.join('\n'))
  })

  it('by Rolldown', async () => {
    const logs: Seen[] = []
    const bundle = await rolldown({
      input: project.path('agent.js'),
      platform: 'node',
      plugins: [bpfForRolldown()],
      onLog: (_level, log) => logs.push(log),
    })
    await bundle.generate()
    await bundle.close()
    expectLogs(logs)
  })

  it('by vite build', async () => {
    const logs: Seen[] = []
    await vite.build({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      plugins: [bpfForVite({ agent: 'agent.js' })],
      build: { rolldownOptions: { onLog: (_level, log) => logs.push(log) } },
    })
    expectLogs(logs)
  })

  it.each([
    ['gen types', ['gen', 'types', 'odd.bpf.c']],
    ['gen skeleton', ['gen', 'skeleton', 'odd.bpf.c']],
    ['inspect', ['inspect', 'odd.bpf.c']],
    ['gen skeleton for two architectures', ['gen', 'skeleton', 'odd.bpf.c', '--arch=x86,arm64']],
  ])('by the command %s', async (_, args) => {
    const { stderr } = await exec(process.execPath, [cli, ...args], { cwd: project.folder })
    expectOnce(stderr)
  })

  it('by the command gen skeleton of an object', async () => {
    const { path, systemIncludes } = await findClang(undefined, project.path('cache'))
    const folders = systemIncludes.flatMap((folder) => ['-idirafter', folder])
    const flags = ['-g', '-O2', '-target', 'bpf', ...folders, '-c', 'odd.bpf.c', '-o', 'odd.o']
    await exec(path, flags, { cwd: project.folder })
    const { stderr } = await exec(process.execPath, [cli, 'gen', 'skeleton', 'odd.o'], {
      cwd: project.folder,
    })
    expectOnce(stderr)
  })

  it('by register', async () => {
    const { stderr, stdout } = await exec(
      process.execPath,
      ['--import', 'unplugin-bpf/register', 'agent.js'],
      { cwd: project.folder },
    )
    expect(stdout).toBe('odd_bpf\n')
    expectOnce(stderr)
  })
})

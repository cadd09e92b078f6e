import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'
import { type CodeBlock, codeBlocks } from './code-blocks.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const blocks = codeBlocks(root)
const of = (...languages: string[]): CodeBlock[] =>
  blocks.filter(({ language }) => languages.includes(language))

/** What a fragment of C stands in; whole programs have includes of their own. */
const prelude = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
`

/** A block's file in the project that stands for all pages: a folder a page, a file a block. */
function fileOf(block: CodeBlock): string {
  const line = block.place.replace(/^.*:/, '')
  return join(block.page, block.file ?? `block-${line}.${block.language}`)
}

/** As a file of its own: what the reader knows already, then the block, as a module. */
function module({ before, text }: CodeBlock): string {
  const whole = `${before}\n${text}`
  return /^(import|export) /m.test(whole) ? whole : `${whole}\nexport {}\n`
}

let installed: Installed

beforeAll(async () => {
  installed = await installPackage([
    '@rspack/core',
    '@types/node',
    'esbuild',
    'rolldown',
    'rollup',
    'undici-types',
    'vite',
    'vitest',
    'webpack',
  ])
  const { app } = installed
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(app, file)), { recursive: true })
    await writeFile(join(app, file), text)
  }
  await write('package.json', '{ "type": "module" }')
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable', 'dom'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    allowArbitraryExtensions: true,
    rootDirs: ['.', '.bpf/types'],
    types: ['node'],
  }
  await write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['README', 'docs'] }))
  for (const block of of('c')) {
    if (block.file?.endsWith('.bpf.c')) await write(fileOf(block), block.text)
  }
  for (const block of of('ts', 'js', 'mjs', 'tsx')) await write(fileOf(block), module(block))
  // Programs that several pages are about, beside each page.
  for (const page of new Set(blocks.map(({ page }) => page))) {
    await cp(join(root, 'docs/programs'), join(app, page), { recursive: true, force: false })
  }
}, 120_000)
afterAll(() => installed?.remove())

describe('the code of the README and of the site', () => {
  it('is there', () => {
    expect(of('ts').length).toBeGreaterThan(0)
    expect(of('c').length).toBeGreaterThan(0)
  })

  it('compiles and type-checks', { timeout: 300_000 }, async () => {
    const command = join(installed.folder, 'dist/cli.mjs')
    await exec('node', [command, 'gen', 'types'], { cwd: installed.app })
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await exec('node', [compiler, '--pretty', 'false', '--project', '.'], {
      cwd: installed.app,
    }).catch(({ stdout }: { stdout: string }) => ({ stdout }))
    expect(stdout).toBe('')
  })

  it.each(of('c').filter(({ file }) => !file?.endsWith('.bpf.c')))(
    'compiles as a part of a program: $place',
    async ({ before, text, page }) => {
      const file = join(installed.app, page, 'part.bpf.c')
      const isWhole = /^#include/m.test(text)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, isWhole ? text : `${prelude}${before}\n${text}`)
      await exec('node', [
        join(installed.folder, 'dist/cli.mjs'),
        'compile',
        file,
        '-o',
        '/dev/null',
      ])
    },
  )

  it.each(of('json', 'jsonc'))('is JSON: $place', ({ text }) => {
    const whole = text.trimStart().startsWith('"') ? `{${text}}` : text
    expect(ts.parseConfigFileTextToJson('block.json', whole).error?.messageText).toBeUndefined()
  })

  it('names commands that there are', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const help = await exec('node', [join(installed.folder, 'dist/cli.mjs'), '--help'])
    for (const { place, text } of of('sh', 'bash', 'console')) {
      for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
        expect(manifest.scripts, place).toHaveProperty([script])
      }
      for (const [, name = ''] of text.matchAll(/npx unplugin-bpf ([a-z]+)/g)) {
        expect(help.stdout, place).toMatch(new RegExp(`^ +(unplugin-bpf )?${name}\\b`, 'm'))
      }
    }
  })
})

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import manifest from '../../package.json' with { type: 'json' }
import { installPackage, type Installed } from '../install.ts'
import { loading } from '../loading.ts'

const exec = promisify(execFile)

let installed: Installed

beforeAll(async () => {
  installed = await installPackage(['esbuild'])
  await writeFile(join(installed.app, 'package.json'), '{ "type": "module" }')
  await writeFile(join(installed.app, 'ticks.bpf.c'), source)
  await writeFile(join(installed.app, 'agent.mjs'), agent)
})
afterAll(() => installed?.remove())

/** Counts what one process, whose pid the agent writes, asks of the kernel. */
const source = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 pid;
__u64 calls;
char LICENSE[] SEC("license") = "GPL";

SEC("raw_tp/sys_enter")
int on_call(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == pid)
		__sync_fetch_and_add(&calls, 1);
	return 0;
}
`
const agent = `
import { statSync } from 'node:fs'
import skel from './ticks.bpf.c'

const ticks = skel.open()
ticks.rodata.pid = process.pid
ticks.load().attach()
for (let i = 0; i < 10; i++) statSync('.')
console.log(ticks.bss.calls >= 10n)
ticks.destroy()
`

describe('the tarball', () => {
  it('holds dist and what npm adds, nothing else', () => {
    expect(readdirSync(installed.folder).toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ])
  })

  it('has the licences of the packages that are bundled in it', () => {
    const text = readFileSync(join(installed.folder, 'dist/licences.txt'), 'utf8')
    for (const name of ['execa', 'obug', 'tinyglobby', '@jridgewell/gen-mapping'])
      expect(text).toMatch(new RegExp(`^${name} [\\d.]+\n\n.*licen[cs]e`, 'imsu'))
  })

  it('has a file and declarations for every export', () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      const files =
        typeof target === 'string'
          ? [target, target.replace(/\.mjs$/, '.d.mts')]
          : Object.values(target)
      for (const file of files)
        expect(statSync(join(installed.folder, file)).size, name).not.toBe(0)
    }
  })

  it('declares nothing by way of a source path of this repository', () => {
    const dist = join(installed.folder, 'dist')
    for (const file of readdirSync(dist).filter((name) => name.endsWith('.d.mts'))) {
      expect(readFileSync(join(dist, file), 'utf8'), file).not.toMatch(/from ['"]\.\.\//)
    }
  })

  it('names what generates by its content, of which the key of a kept module is made', () => {
    const dist = join(installed.folder, 'dist')
    const text = (name: string): string => readFileSync(join(dist, name), 'utf8')
    const first = readdirSync(dist).find((name) => / function buildModule\(/.test(text(name)))
    const reached = new Set([first ?? ''])
    for (const name of reached)
      for (const [, imported = ''] of text(name).matchAll(/\bimport\b.*"\.\/(.+?)"/g))
        reached.add(imported)
    const [, ...imported] = reached
    expect(imported.length).toBeGreaterThan(3)
    for (const name of imported) expect(name).toMatch(/-[\w-]{8}\.mjs$/)
  })
})

describe('importing', () => {
  const entries = Object.keys(manifest.exports).filter(
    (name) => !['./client', './package.json', './register'].includes(name),
  )
  // Those that need what an application may not have: their bundler, or koffi itself.
  const quiet = entries.filter((name) => name !== './koffi')

  it.each(quiet)('%s loads no native module and starts nothing', async (name) => {
    const script = `
      import { readFileSync } from 'node:fs'
      await import(${JSON.stringify(name.replace('.', 'unplugin-bpf'))})
      const maps = readFileSync('/proc/self/maps', 'utf8')
      console.log(/koffi|libbpf/.test(maps) ? 'loaded' : 'clean')`
    expect(await inApp('node', ['--input-type=module', '-e', script])).toBe('clean\n')
  })

  it('gives koffi to an application that does not depend on it', async () => {
    const script = `
      import { createRequire } from 'node:module'
      const { default: koffi } = createRequire(process.cwd() + '/')('unplugin-bpf/koffi')
      console.log(typeof koffi.load)`
    expect(await inApp('node', ['--input-type=module', '-e', script])).toBe('function\n')
  })
})

describe('the small entries', () => {
  it('are a plugin for esbuild without what other bundlers need', async () => {
    const code = `import bpf from 'unplugin-bpf/esbuild'; console.log(bpf)`
    expect(await bundled('node', code)).not.toMatch(/createUnplugin|webpack|picomatch/)
  })

  it('give a browser addresses without anything of Node', async () => {
    const code = `import { formatIp } from 'unplugin-bpf/net'; console.log(formatIp(0x0100007f))`
    const [imports, ...text] = (await bundled('browser', code)).split('\n')
    expect(imports).toBe('')
    expect(text.join('\n')).not.toMatch(/node:|koffi/)
  })

  it('name addresses without libbpf or the build side', async () => {
    const code = `import { kernelSymbols, processSymbols } from 'unplugin-bpf/symbols'; console.log(kernelSymbols, processSymbols)`
    const [imports, ...text] = (await bundled('node', code)).split('\n')
    expect(imports?.split(',').every((name) => name.startsWith('node:'))).toBe(true)
    expect(text.join('\n')).not.toMatch(/koffi|libbpf\.so|execa|\.debug_info/)
  })
})

describe('an agent', () => {
  it('is bundled by esbuild without the build side', async () => {
    const code = await bundle()
    for (const word of ['execa', 'tinyglobby', 'clang-14', '.debug_info']) {
      expect(code, word).not.toContain(word)
    }
  })

  it.skipIf(!loading.possible)(`runs as a bundle${loading.otherwise}`, async () => {
    await bundle()
    expect(await inApp('node', ['dist/agent.mjs'])).toBe('true\n')
  })

  it.skipIf(!loading.possible)(`runs without a bundler${loading.otherwise}`, async () => {
    expect(await inApp('node', ['--import', 'unplugin-bpf/register', 'agent.mjs'])).toBe('true\n')
  })

  it('tells of an error in the C when it is run without a bundler', async () => {
    await writeFile(join(installed.app, 'broken.bpf.c'), 'int x = y;\n')
    await writeFile(join(installed.app, 'broken.mjs'), `import './broken.bpf.c'\n`)
    const failure = await inApp('node', ['--import', 'unplugin-bpf/register', 'broken.mjs']).catch(
      (error) => error.stderr,
    )
    expect(failure).toContain("broken.bpf.c:1:9: error: use of undeclared identifier 'y'")
  })
})

async function bundle(): Promise<string> {
  const script = `
    import { build } from 'esbuild'
    import bpf from 'unplugin-bpf/esbuild'
    await build({
      entryPoints: ['agent.mjs'], outfile: 'dist/agent.mjs', bundle: true, platform: 'node',
      format: 'esm', logLevel: 'error', plugins: [bpf()],
    })`
  await inApp('node', ['--input-type=module', '-e', script])
  return readFileSync(join(installed.app, 'dist/agent.mjs'), 'utf8')
}

/** Prints what it still imports, then the code. */
function bundled(platform: string, code: string): Promise<string> {
  const script = `
    import { build } from 'esbuild'
    const { outputFiles, metafile } = await build({
      stdin: { contents: ${JSON.stringify(code)}, resolveDir: process.cwd() },
      bundle: true, write: false, metafile: true, format: 'esm', platform: '${platform}',
    })
    console.log(Object.values(metafile.outputs)[0].imports.map(({ path }) => path).join())
    console.log(outputFiles[0].text)`
  return inApp('node', ['--input-type=module', '-e', script])
}

async function inApp(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await exec(command, args, { cwd: installed.app, maxBuffer: 2 ** 24 })
  return stdout
}

/** What the rows of the table are measured with: compiled once, in a folder that is removed at the end. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { build } from 'esbuild'
import { buildSkeleton } from 'unplugin-bpf/codegen'
import bpf from 'unplugin-bpf/esbuild'

const execute = promisify(execFile)

/** @param {string} name from this folder */
export function path(name) {
  return fileURLToPath(new URL(name, import.meta.url))
}

export const root = path('../..')
export const cli = join(root, 'dist/cli.mjs')

/** Standard output of a process that must succeed. */
export async function run(command, args, options = {}) {
  const { stdout } = await execute(command, args, { maxBuffer: 1 << 28, ...options })
  return stdout
}

/** The figures that a process prints, a line each. */
async function figures(command, args) {
  // Where the bundle, which lies elsewhere, finds koffi.
  const env = { ...process.env, NODE_PATH: join(root, 'node_modules') }
  return (await run(command, args, { env })).trim().split('\n').map(Number)
}

/** bpftool 7.8 where the conformance tests have built it (test/debian), else the system's. */
export async function findBpftool() {
  const cache =
    process.env.UNPLUGIN_BPF_TEST_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'unplugin-bpf/test')
  const built = join(cache, `bpftool-7.8-${process.arch}`, 'bpftool')
  for (const command of [built, '/usr/sbin/bpftool', 'bpftool']) {
    const version = await run(command, ['--version']).catch(() => undefined)
    if (version) return { command, version: version.split('\n')[0].trim() }
  }
  return undefined
}

export class Bench {
  /** @param {string} folder @param {boolean} quick few rounds, for a look whether all works */
  constructor(folder, quick) {
    this.folder = folder
    this.quick = quick
    this.agent = join(folder, 'agent.mjs')
    this.objects = {}
  }

  static async start(quick) {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'unplugin-bpf-bench-')), quick)
    await bench.#compile()
    return bench
  }

  end() {
    return rm(this.folder, { recursive: true, force: true })
  }

  /** Fewer of what takes long in a quick run. */
  count(full, quick) {
    return this.quick ? quick : full
  }

  /** The figures of agent.mjs, in a process of its own. */
  js(what, rounds) {
    return figures(process.execPath, [this.agent, what, String(rounds), this.c])
  }

  async inC(what, object, rounds) {
    return (await figures(this.c, [what, this.objects[object], String(rounds)]))[0]
  }

  async inGo(what, object, rounds) {
    if (!this.go) return undefined
    return (await figures(this.go, [what, this.objects[object], String(rounds)]))[0]
  }

  /** What compiles a source with the compiler that the plugin uses, and nothing else. */
  async clang(source = path('programs/bench.bpf.c'), flags = []) {
    const { build } = JSON.parse(await run(process.execPath, [cli, 'doctor', '--json']))
    const clang = build.find(({ name }) => name === 'clang').found.split(',')[0]
    // Debian has the kernel's asm/ headers there.
    const headers = `/usr/include/${(await run('gcc', ['-dumpmachine'])).trim()}`
    const object = join(this.folder, 'alone.o')
    const target = ['-target', 'bpf', '-mcpu=v3']
    const args = ['-g', '-O2', ...target, '-idirafter', headers, '-c', source, '-o', object]
    return () => run(clang, [...args, ...flags])
  }

  async #compile() {
    for (const name of ['bench', 'tiny', 'kernel']) {
      const { object, diagnostics } = await buildSkeleton(path(`programs/${name}.bpf.c`))
      if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
      this.objects[name] = join(this.folder, `${name}.bpf.o`)
      await writeFile(this.objects[name], object)
    }
    await build({
      entryPoints: [path('agent.mjs')],
      outfile: this.agent,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['koffi'],
      plugins: [bpf({ types: false })],
    })
    this.c = join(this.folder, 'reference')
    await run('gcc', ['-O2', '-o', this.c, path('programs/reference.c'), '-lbpf'])
    this.go = await this.#compileGo()
  }

  /** Undefined where Debian's golang and golang-github-cilium-ebpf-dev are not installed. */
  async #compileGo() {
    const gopath = '/usr/share/gocode'
    if (!existsSync(join(gopath, 'src/github.com/cilium/ebpf'))) return undefined
    const binary = join(this.folder, 'reference-go')
    const env = {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: gopath,
      GOCACHE: join(this.folder, 'go-cache'),
      GOFLAGS: '',
    }
    const file = path('programs/reference-go/main.go')
    try {
      await run('go', ['build', '-o', binary, file], { env })
    } catch (error) {
      if (error.code === 'ENOENT') return undefined
      throw error
    }
    return binary
  }
}

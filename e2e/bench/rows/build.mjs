import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { build as bundle } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

import { path, run } from '../bench.mjs'
import { inTurns, milliseconds } from '../measure.mjs'
import { atMost, plus, row } from '../row.mjs'

/**
 * esbuild and the plugin beside clang alone. In a process of their own, where V8 has compiled nothing yet and clang is
 * asked what it can; and in one that has built before, as in watch mode.
 */
export async function build(bench) {
  const cache = join(bench.folder, 'cache')
  const compile = await bench.clang()
  const rounds = bench.count(5, 1)
  const builds = async () =>
    (await run(process.execPath, [path('builds.mjs'), cache, String(rounds)]))
      .split('\n')
      .map(Number)

  const { ours, alone, later, ...warm } = await inTurns(bench.count(9, 1), async () => {
    await rm(cache, { recursive: true, force: true })
    const [first] = await builds()
    const [, plugin, later, pluginLater] = await builds()
    const alone = await milliseconds(compile)
    return { ours: first, alone, later, plugin, pluginLater }
  })
  const reference = { ...alone, name: 'clang alone' }
  const ofLater = { ...reference, ratio: alone.ratio / later.ratio }
  return [
    row('esbuild, cold cache', 'ms', ours, reference, plus(60, 'ms')),
    row('esbuild, cold cache, later builds', 'ms', later, ofLater, plus(60, 'ms')),
    row('the plugin in it, warm cache', 'ms', warm.plugin, undefined, atMost(15, 'ms')),
    row('the same, later builds', 'ms', warm.pluginLater, undefined, atMost(15, 'ms')),
  ]
}

/** What of the runtime the least of agents carries in its bundle. */
export async function size() {
  const { outputFiles } = await bundle({
    entryPoints: [path('programs/minimal.mjs')],
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [bpf({ types: false })],
  })
  const [{ text }] = outputFiles
  const longest = Math.max(
    ...[...text.matchAll(/"[\w+/=]{1000,}"/g)].map(([string]) => string.length),
  )
  return [
    row(
      'minified bundle without its object',
      'kB',
      { figure: (text.length - longest) / 1000 },
      undefined,
      atMost(40, 'kB'),
    ),
  ]
}

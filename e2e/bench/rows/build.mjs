import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { build as bundle } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

import { findClang, path, run } from '../bench.mjs'
import { inTurns, median, milliseconds } from '../measure.mjs'
import { atMost, plus, row } from '../row.mjs'

/** esbuild and the plugin beside clang alone; a process each, as a build is. */
export async function build(bench) {
  const clang = await findClang()
  const source = path('programs/bench.bpf.c')
  const object = join(bench.folder, 'alone.o')
  const cache = join(bench.folder, 'cache')
  // Debian has the kernel's asm/ headers there.
  const headers = `/usr/include/${(await run('gcc', ['-dumpmachine'])).trim()}`
  const args = ['-g', '-O2', '-target', 'bpf', '-idirafter', headers, '-c', source, '-o', object]
  const once = async () => {
    const [whole, plugin] = (await run(process.execPath, [path('build-once.mjs'), cache]))
      .split('\n')
      .map(Number)
    return { whole, plugin }
  }
  const warm = []
  const { ours, 'clang alone': alone } = await inTurns(bench.count(9, 1), async () => {
    await rm(cache, { recursive: true, force: true })
    const cold = await once()
    warm.push((await once()).plugin)
    return { ours: cold.whole, 'clang alone': await milliseconds(() => run(clang, args)) }
  })
  return [
    row('esbuild of an agent, cold cache', 'ms', ours, alone, plus(60, 'ms')),
    row(
      'the plugin in it, warm cache',
      'ms',
      { figure: median(warm) },
      undefined,
      atMost(15, 'ms'),
    ),
  ]
}

/** What of the runtime a bundle carries. */
export async function size() {
  const contents = `
    import skel from './bench.bpf.c'
    const bench = skel.open().load().attach()
    console.log([...bench.maps.entries])
    for await (const sample of bench.maps.samples) console.log(sample)`
  const { outputFiles } = await bundle({
    stdin: { contents, resolveDir: path('programs'), sourcefile: 'agent.ts' },
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

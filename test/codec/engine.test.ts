import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { buildSync } from 'esbuild'
import { afterAll, describe, expect, test } from 'vitest'

const source = fileURLToPath(new URL('../../src/codec/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'codec-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a module that uses the codec in a Node of its own, and gives what it printed. */
function run(flags: readonly string[], program: string): string {
  const outfile = join(folder, 'program.mjs')
  buildSync({
    stdin: {
      contents: `
        import { array, bits, bool, bytes, chars, codec, s64, snapshot, struct, u32, u64 } from './index.ts'
        import { liveView } from './live-view.ts'
        import { liveMemory } from './memory.ts'
        ${program}`,
      resolveDir: source,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    minify: true,
    outfile,
  })
  return execFileSync(process.execPath, [...flags, outfile], { encoding: 'utf8' })
}

describe('where no code may be generated', () => {
  const program = `
    const layout = struct('', 32, [
      ['id', 0, u64], ['name', 8, chars(8)], ['flag', 16, bool], ['bit', 17, u32, bits(1, 3)],
      ['list', 20, array(u32, 2)], ['__proto__', 28, bytes(0)],
    ])
    const memory = new DataView(Uint8Array.from({ length: 40 }, (_, i) => i + 60).buffer)
    const { decode } = codec(layout)
    const { view } = liveView(layout, memory)
    const show = (value) => JSON.stringify(value, (_, v) => typeof v === 'bigint' ? String(v) : v)
    console.log(show([decode(new Uint8Array(memory.buffer)), view, snapshot(view)]))`

  test('values and views are the same', () => {
    const allowed = run([], program)
    expect(allowed).toContain('"name":"DEFGHIJK"')
    expect(run(['--disallow-code-generation-from-strings'], program)).toBe(allowed)
  })
})

describe('memory that another thread writes', () => {
  // Until it is compiled, DataView reads byte by byte: not compiled at all, it shows within a second or
  // so what was never there.
  const program = `
    import { Worker } from 'node:worker_threads'
    const shared = new SharedArrayBuffer(8)
    const [low, high] = [0x00ffffffffffffffn, 0x0100000000000000n]
    new BigInt64Array(shared)[0] = low
    const worker = new Worker(\`
      const { workerData, parentPort } = require('node:worker_threads')
      const values = new BigInt64Array(workerData)
      parentPort.postMessage('')
      for (;;) { Atomics.store(values, 0, \${low}n); Atomics.store(values, 0, \${high}n) }
    \`, { eval: true, workerData: shared })
    await new Promise((resolve) => worker.once('message', resolve))
    const torn = (memory, rounds) => {
      const { view } = liveView(struct('', 8, [['value', 0, s64]]), memory)
      for (let i = 0; i < rounds; i++) {
        const { value } = view
        if (value !== low && value !== high) return i
      }
      return 'never'
    }
    const memory = new DataView(shared)
    console.log(torn(liveMemory(memory), 1_000_000))
    process.exit()`

  test('is never read by halves', () => {
    expect(run(['--no-opt', '--no-sparkplug'], program).trim()).toBe('never')
  })
})

test('the codec entry needs nothing of Node', () => {
  buildSync({
    entryPoints: [join(source, 'index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    outfile: join(folder, 'browser.mjs'),
  })
  expect(readFileSync(join(folder, 'browser.mjs'), 'utf8')).not.toMatch(/node:|require\(|process\./)
})

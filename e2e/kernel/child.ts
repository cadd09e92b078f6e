import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { build as bundle } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface ChildResult {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds. */
  readonly took: number
  /** Milliseconds of CPU, user and system, as the child measured them at its exit. */
  readonly cpu: number
}

export interface ChildOptions {
  readonly env?: Record<string, string>
  /** What runs it instead of this Node: `deno run`. */
  readonly host?: readonly string[]
  /** Before node: `setpriv …`. */
  readonly prefix?: readonly string[]
  readonly nodeOptions?: readonly string[]
  /** Called with what it prints, as it prints it. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

let count = 0

/**
 * Runs a script in a Node of its own: what crashes there does not end the test. `skel`, `types` and what the runtime
 * exports are in its scope; the module is a generated one.
 */
export async function runChild(
  module: string,
  script: string,
  {
    env = {},
    host = [process.execPath],
    prefix = [],
    nodeOptions = [],
    onOutput,
  }: ChildOptions = {},
): Promise<ChildResult> {
  const name = `child-${count++}`
  const entry = join(dirname(module), `${name}.entry.mjs`)
  const outfile = join(dirname(module), `${name}.mjs`)
  writeFileSync(
    entry,
    `import * as runtime from 'unplugin-bpf/runtime'
     import skel, { types } from ${JSON.stringify(module)}
     const { BpfError, shutdownSignal, setLog } = runtime
     process.on('exit', () => {
       const { user, system } = process.cpuUsage()
       console.error('cpu ' + (user + system) / 1000)
     })
     ${script}`,
  )
  await bundle({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['koffi'],
    alias: {
      'unplugin-bpf/runtime': join(root, 'src/runtime/index.ts'),
      'unplugin-bpf/internal': join(root, 'src/runtime/internal.ts'),
      'unplugin-bpf/symbols': join(root, 'src/runtime/symbols/index.ts'),
      'unplugin-bpf/net': join(root, 'src/runtime/net/index.ts'),
      'unplugin-bpf/codec': join(root, 'src/codec/index.ts'),
    },
  })
  const [command = process.execPath, ...args] = [...prefix, ...host, ...nodeOptions, outfile]
  const started = performance.now()
  const child = spawn(command, args, {
    env: { ...process.env, NODE_PATH: join(root, 'node_modules'), NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    onOutput?.(text, (signal) => child.kill(signal))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve([code, signal]))
  })
  const cpu = /^cpu ([\d.]+)$/m.exec(stderr)
  return {
    code,
    signal,
    stdout,
    stderr: stderr.replaceAll(/^cpu .*\n/gm, ''),
    took: performance.now() - started,
    cpu: Number(cpu?.[1] ?? Number.NaN),
  }
}

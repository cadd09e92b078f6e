// npm run demo: bundles the agent and runs it for a few seconds, with some processes to watch.
import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { build } from 'tsdown'

const seconds = 5

step('building', 'the package, which a user installs')
await build({ cwd: fileURLToPath(new URL('../..', import.meta.url)), logLevel: 'error' })

step('bundling', 'playground/agent: agent.ts, which imports proc.bpf.c')
const { agent } = await import('./build.mjs')
const file = relative('.', agent)

const prefix = asRoot()
const size = Math.round(statSync(agent).size / 1000)
step('running', `${[...prefix, 'node', file].join(' ')}, ${size} kB, for ${seconds} seconds\n`)
// Only the agent runs as root. sudo's PATH may lack node.
const [command, ...args] = [...prefix, process.execPath, agent, '--seconds', String(seconds)]
const running = spawn(command, args, { stdio: 'inherit' })
const stop = new AbortController()
running.on('error', (error) => console.error(error.message))
running.on('close', (status) => {
  stop.abort()
  if (status === 0) return
  console.error(`\n${file} is bundled; to load it into the kernel, run as root:\n  node ${file}`)
  console.error('What else this machine lacks: node dist/cli.mjs doctor')
  process.exitCode = 1
})
await startProcesses(stop.signal)

/** Short ones, one that lasts, one that fails and one that is killed. */
async function startProcesses(signal) {
  const lines = ['uname -sr', 'sleep 0.7', 'exit 3', 'kill -TERM $$', 'date | wc -c']
  for (let i = 0; !signal.aborted; i = (i + 1) % lines.length) {
    spawn('sh', ['-c', lines[i]], { stdio: 'ignore' })
    await sleep(300, undefined, { signal }).catch(() => {})
  }
}

function asRoot() {
  if (process.getuid?.() === 0) return []
  const canAsk = process.stdin.isTTY && spawnSync('sudo', ['--version']).status === 0
  const isAllowed = canAsk
    ? spawnSync('sudo', ['--validate'], { stdio: 'inherit' }).status === 0
    : spawnSync('sudo', ['-n', 'true']).status === 0
  return isAllowed ? ['sudo', '-n'] : []
}

function step(verb, what) {
  console.log(`${verb.padEnd(8)}  ${what}`)
}

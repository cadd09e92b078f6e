// npm run demo: bundles the agent, lets it watch this machine for a few seconds, and starts some processes meanwhile.
import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { build } from 'tsdown'

const seconds = 4

// The package, which a user would install.
await build({ cwd: fileURLToPath(new URL('../..', import.meta.url)), logLevel: 'error' })

const started = performance.now()
const { agent } = await import('./build.mjs')
const size = (statSync(agent).size / 1000).toFixed(0)
const took = Math.round(performance.now() - started)
console.log(`proc.bpf.c + agent.ts -> ${relative('.', agent)} (${size} kB, in ${took} ms)`)

// Only the agent runs as root. sudo's PATH may lack node.
const [command, ...args] = [...asRoot(), process.execPath, agent, '--seconds', String(seconds)]
console.log(`$ ${[command, ...args].map((arg) => relative('.', arg) || arg).join(' ')}\n`)
const running = spawn(command, args, { stdio: ['inherit', 'pipe', 'inherit'] })
running.stdout.pipe(process.stdout)
running.stdout.once('data', () => void startProcesses())
running.on('error', (error) => fail(`cannot run ${command}: ${error.message}`))
running.on('close', (status) => {
  if (status !== 0) fail(howToLoad())
})

/** Some are short, one lasts, one fails, and one is killed. */
async function startProcesses() {
  const lines = ['sleep 1.5', 'uname -sr', 'exit 3', 'kill -TERM $$', 'date | wc -c']
  for (const line of lines) {
    spawn('sh', ['-c', line], { stdio: 'ignore' })
    await sleep(400)
  }
}

function asRoot() {
  if (process.getuid?.() === 0) return []
  if (spawnSync('sudo', ['-n', 'true']).status === 0) return ['sudo', '-n']
  const hasSudo = spawnSync('sudo', ['--version']).status === 0
  return hasSudo && process.stdin.isTTY ? ['sudo'] : []
}

function howToLoad() {
  return [
    'The agent is bundled, but this user or machine cannot load it. What it needs:',
    `  sudo ${process.execPath} ${relative('.', agent)}`,
    'or Linux 5.8 or newer with libbpf 1.0 (Debian, Ubuntu: apt install libbpf1) where that fails as root too.',
    'node dist/cli.mjs doctor tells what is missing.',
  ].join('\n')
}

function fail(text) {
  console.error(`\n${text}`)
  process.exitCode = 1
}

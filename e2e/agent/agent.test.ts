import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { beforeAll, describe, expect, it } from 'vitest'

import { loading } from '../loading.ts'

const exec = promisify(execFile)
const folder = fileURLToPath(new URL('../../playground/agent', import.meta.url))
const bundle = join(folder, 'dist/agent.mjs')

beforeAll(() => exec('node', [join(folder, 'build.mjs')]))

interface Event {
  event: 'exec' | 'exit'
  pid: number
  ppid: number
  comm: string
  args: string[]
  status: number
  signal: number
  milliseconds?: number
}

describe.skipIf(!loading.possible)(`the demo's agent${loading.otherwise}`, () => {
  it('sees what a process is, and how it ends', async () => {
    const { events } = await observe(['--json', '--pid', String(process.pid)], async () => {
      await run('sh', ['-c', 'exit 3'])
      await run('sh', ['-c', 'kill -KILL $$'])
      await run('sleep', ['0.2'])
    })
    const ends = events.filter(({ event }) => event === 'exit')
    expect(ends.map(({ comm, status, signal }) => [comm, status, signal])).toEqual([
      ['sh', 3, 0],
      ['sh', 0, 9],
      ['sleep', 0, 0],
    ])
    expect(ends.every(({ ppid }) => ppid === process.pid)).toBe(true)
    expect(ends[2]?.milliseconds).toBeGreaterThan(200)
    const started = events.find(({ comm, event }) => comm === 'sleep' && event === 'exec')
    expect(started).toMatchObject({ ppid: process.pid, args: ['sleep', '0.2'] })
    expect(started?.pid).toBe(ends[2]?.pid)
  })

  it('filters by name in the kernel', async () => {
    const { events } = await observe(['--json', '--comm', 'uname'], async () => {
      await run('sh', ['-c', 'uname; true'])
    })
    expect(events.length).toBeGreaterThanOrEqual(2)
    expect(new Set(events.map(({ comm }) => comm))).toEqual(new Set(['uname']))
  })

  it('goes on when memory is collected all the time', async () => {
    const { events } = await observe(
      ['--json', '--pid', String(process.pid)],
      async () => {
        for (let i = 0; i < 5; i++) await run('true', [])
      },
      ['--gc-interval=400'],
    )
    expect(events.filter(({ comm, event }) => comm === 'true' && event === 'exit')).toHaveLength(5)
  })

  it('prints totals and exits 0 at Ctrl-C, detached', async () => {
    const { output, status } = await observe(['--comm', 'uname'], () => run('uname', []))
    expect(status).toBe(0)
    expect(output).toMatch(/^TIME +WHAT +PID +PPID +COMMAND/)
    expect(output).toMatch(/\d\d:\d\d:\d\d\.\d{3} +exec +\d+ +\d+ +uname +uname\n/)
    expect(output).toMatch(/exit +\d+ +\d+ +uname +status 0 after [\d.]+ ms\n/)
    expect(output).toMatch(/\n\d+ forks, \d+ execs, \d+ exits; 0 events dropped\n$/)
  })
})

it('type-checks against what its build declares', async () => {
  const compiler = fileURLToPath(
    new URL('../../node_modules/typescript-7/bin/tsc', import.meta.url),
  )
  await exec('node', [compiler, '--project', folder])
})

it('says what is missing and exits 1 where it may not load', async () => {
  const unprivileged = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const agent = spawn(process.execPath, [bundle], { ...unprivileged, stdio: 'pipe' })
  const [error, [status]] = await Promise.all([textOf(agent.stderr), once(agent, 'close')])
  expect(status).toBe(1)
  expect(error).toContain('CAP_BPF')
  expect(error).toContain('as root')
  expect(error).not.toMatch(/^ +at /m)
})

/** Runs the agent around `work`, then ends it as Ctrl-C does. */
async function observe(
  args: string[],
  work: () => Promise<unknown>,
  nodeArgs: string[] = [],
): Promise<{ status: number; output: string; events: Event[] }> {
  const agent = spawn(process.execPath, [...nodeArgs, bundle, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const text = textOf(agent.stdout)
  const closed = once(agent, 'close')
  await attached(agent)
  await work()
  await sleep(200)
  agent.kill('SIGINT')
  const [status] = await closed
  const output = await text
  const lines = args.includes('--json') ? output.split('\n').filter((line) => line !== '') : []
  return { status, output, events: lines.map((line): Event => JSON.parse(line)) }
}

/** Until the agent holds its three links: it prints nothing before the first event. */
async function attached({ pid }: ChildProcess): Promise<unknown> {
  for (let tries = 0; tries < 200; tries++) {
    const folder = `/proc/${pid}/fd`
    const targets = readdirSync(folder).map((fd) => targetOf(join(folder, fd)))
    if (targets.filter((target) => /bpf[_-]link/.test(target)).length === 3) return sleep(50)
    await sleep(50)
  }
  throw new Error('the agent attached nothing')
}

/** Empty when the descriptor has been closed meanwhile. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(descriptor)
  } catch {
    return ''
  }
}

async function run(command: string, args: string[]): Promise<unknown> {
  return once(spawn(command, args, { stdio: 'ignore' }), 'close')
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const chunk of stream ?? []) text += String(chunk)
  return text
}

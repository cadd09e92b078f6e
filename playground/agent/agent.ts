// A monitor of the life of processes: node dist/agent.mjs --help
import { parseArgs } from 'node:util'

import { BpfError, shutdownSignal } from 'unplugin-bpf/runtime'

import { header, jsonLine, row } from './columns.ts'
import skel, { types } from './proc.bpf.c'

const usage = `Prints every exec and exit of a process.

  --pid PID      only this process and its children
  --comm NAME    only commands of this name
  --seconds N    end after so many seconds (else: at Ctrl-C)
  --json         one JSON object a line
`
const { values: options } = parseArgs({
  options: {
    pid: { type: 'string', default: '0' },
    comm: { type: 'string', default: '' },
    seconds: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function monitor(): Promise<void> {
  const proc = skel.open()
  proc.rodata.target_pid = Number(options.pid)
  proc.rodata.target_comm = options.comm
  proc.load().attach()

  // As in `| head`: whoever reads may have enough.
  const unread = new AbortController()
  process.stdout.on('error', () => unread.abort())
  const signals = [shutdownSignal(), unread.signal]
  if (options.seconds) signals.push(AbortSignal.timeout(Number(options.seconds) * 1000))
  if (!options.json) console.log(header)
  for await (const event of proc.maps.events
    .as(types.life_event)
    .records({ signal: AbortSignal.any(signals) })) {
    console.log(options.json ? jsonLine(event) : row(event))
  }

  const { forks, execs, exits, dropped } = proc.bss.totals
  if (!options.json) {
    console.log(`\n${forks} forks, ${execs} execs, ${exits} exits; ${dropped} events dropped`)
  }
  proc.destroy()
}

if (options.help) {
  console.log(usage)
} else {
  try {
    await monitor()
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

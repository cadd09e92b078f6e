// How an event looks on the terminal and as JSON.
import { stripVTControlCharacters, styleText } from 'node:util'

import { LIFE_EXEC, type life_event } from './proc.bpf.c'

const colours = process.stdout.isTTY && !process.env['NO_COLOR']

type Style = Parameters<typeof styleText>[0]
const styled = (style: Style, text: string): string => (colours ? styleText(style, text) : text)

const columns = (time: string, event: string, pid: string, ppid: string, comm: string): string =>
  `${time.padEnd(12)}  ${event}  ${pid.padStart(7)}  ${ppid.padStart(7)}  ${comm.padEnd(16)}`

export const header: string = styled(
  'bold',
  `${columns('TIME', 'WHAT', 'PID', 'PPID', 'COMMAND')}  ARGUMENTS, OR HOW IT ENDED`,
)

export function row(event: life_event): string {
  const isExec = event.stage === LIFE_EXEC
  const date = clock(event.time)
  const line = columns(
    `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`,
    isExec ? 'exec' : 'exit',
    String(event.pid),
    String(event.ppid),
    printable(event.comm),
  )
  if (isExec) return fitting(`${line}  ${printable(commandLine(event).map(quoted).join(' '))}`)
  return styled(event.status || event.signal ? 'red' : 'dim', fitting(`${line}  ${end(event)}`))
}

export function jsonLine(event: life_event): string {
  const { pid, ppid, uid, comm, status, signal } = event
  const time = clock(event.time).toISOString()
  const who = { pid, ppid, uid, comm }
  return JSON.stringify(
    event.stage === LIFE_EXEC
      ? { time, event: 'exec', ...who, args: commandLine(event) }
      : { time, event: 'exit', ...who, status, signal, milliseconds: milliseconds(event) },
  )
}

function end(event: life_event): string {
  const how = event.signal ? `killed by signal ${event.signal}` : `status ${event.status}`
  const age = milliseconds(event)
  return age === undefined ? how : `${how} after ${duration(age)}`
}

/** Undefined when the agent did not see the fork. */
function milliseconds(event: life_event): number | undefined {
  return event.duration === 0n ? undefined : Number(event.duration) / 1e6
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`
}

/** bpf_ktime_get_ns is the clock of process.hrtime: nanoseconds since boot. */
function clock(time: bigint): Date {
  return new Date(Date.now() - Number(process.hrtime.bigint() - time) / 1e6)
}

/** The kernel keeps a command line as strings that each end in a NUL. */
function commandLine(event: life_event): string[] {
  const text = new TextDecoder().decode(event.args.subarray(0, event.args_size))
  return text.replace(/\0$/, '').split('\0')
}

/** As a shell would take it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}

function fitting(line: string): string {
  return process.stdout.isTTY ? line.slice(0, process.stdout.columns) : line
}

/** What a process calls itself must not steer the terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, '?')
}

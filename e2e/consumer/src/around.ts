// What a user writes beside a skeleton, and must compile.
import { formatIp, htonll, interfaceName, ntohs, parsePrefix } from 'unplugin-bpf/net'
import { ktimeToDate, probe, setLog, tracePipe, type TraceLine } from 'unplugin-bpf/runtime'
import { kernelSymbols, processSymbols, type ProcessSymbol } from 'unplugin-bpf/symbols'

export const possible: boolean =
  probe.mapType('ringbuf') && probe.programType('tracing') && probe.helper('xdp', 'bpf_redirect')
export const argumentTypes: readonly string[] | undefined = probe
  .tracepointArguments('sched_switch')
  ?.map(({ type }) => type)
const typed: probe.MapTypeName = 'lru_hash'

export const place: string = `${kernelSymbols().name(0xffffffff81000000n)?.name}`
export const frame: ProcessSymbol | undefined = processSymbols('self').name(0x400000)
export const peer: string = `${formatIp(0x0100007f)}:${ntohs(0x5000)} on ${interfaceName(1)}`
export const wide: bigint = htonll(1)
export const { length, address } = parsePrefix('10.0.0.0/8')
export const date: Date = ktimeToDate(1n, 'boot')

setLog((level, message) => console.log(level === 'warn', message, typed))
for await (const { message, line } of tracePipe({ signal: AbortSignal.timeout(1) })) {
  console.log(message ?? line)
}
export const lineOf = ({ line }: TraceLine): string => line

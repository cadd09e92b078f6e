import { didYouMean } from '../../text/nearest-names.ts'
import { BpfError } from '../host/error.ts'
import { readText } from '../host/files.ts'
import { tracefs } from '../host/tracefs.ts'

const alternatives = 'Name another, or set autoload to false where the kernel may lack it'

/** Says what to do about a missing tracepoint; undefined when libbpf's log is about something else. */
export function tracepointAdvice(log: string): string | undefined {
  const [, category = '', name = ''] =
    /failed to create tracepoint '([^/']+)\/([^']+)' perf event: No such file/.exec(log) ?? []
  if (name === '') return undefined
  const events = kernelTracepoints()
  if (events.length === 0 || events.includes(`${category}/${name}`)) return undefined
  return `This kernel has no tracepoint ${category}/${name}${didYouMean(`${category}/${name}`, events)}. ${alternatives}`
}

/** Says what to do about a missing raw tracepoint, which is named without its category. */
export function rawTracepointAdvice(log: string): string | undefined {
  const [, name] =
    /failed to attach to raw tracepoint '([^']+)': (?:No such|Invalid)/.exec(log) ?? []
  if (name === undefined) return undefined
  return `This kernel has no tracepoint ${name}${didYouMean(name, tracepointNames())}. ${alternatives}`
}

/** Says what to do about a missing kernel function of a kprobe. */
export function kprobeTargetAdvice(log: string): string | undefined {
  const [, name] =
    /failed to create kprobe '([^'+]+)\+\w+' perf event: No such file/.exec(log) ?? []
  if (name === undefined) return undefined
  const names = [...kernelFunctions()]
  if (names.includes(name)) return undefined
  return `This kernel has no function ${name}${didYouMean(name, names)}. ${alternatives}`
}

/** Says what to do when the kernel's BTF has no such target, or none was named. */
export function btfTargetAdvice(section: string, log: string): string | undefined {
  const isExtension = /^\??freplace/.test(section)
  if (/no BTF-based attach target is specified/.test(log)) {
    return isExtension
      ? `SEC("${section}") names no function to replace: call setAttachTarget(program, 'function') before load(), with a loaded program`
      : `SEC("${section}") names no target: call setAttachTarget(null, 'name') before load(), or write SEC("${section}/name")`
  }
  const [, name] = /failed to find kernel BTF type ID of '([^']+)'/.exec(log) ?? []
  return name === undefined ? undefined : missingTargetHint(section, name)
}

/** @param section of the program that was to be attached there */
export function missingTargetHint(section: string, name: string): string {
  const { what, names } = targetKind(section)
  return `This kernel has no ${what} ${name}${didYouMean(name, names())}. Name another with setAttachTarget(null, 'name') before load(), or set autoload to false where the kernel may lack it`
}

function targetKind(section: string): { what: string; names: () => Iterable<string> } {
  if (/^\??(tp_btf|raw_tp)/.test(section)) return { what: 'tracepoint', names: tracepointNames }
  if (/^\??lsm/.test(section)) return { what: 'LSM hook', names: () => kernelFunctions('bpf_lsm_') }
  if (/^\??iter/.test(section))
    return { what: 'iterator', names: () => kernelFunctions('bpf_iter_') }
  return { what: 'traceable function', names: () => kernelFunctions() }
}

/** Lists tracepoints as `category/name`; empty where tracefs cannot be read, since the names are only suggestions. */
function kernelTracepoints(): string[] {
  try {
    const events = readText(`${tracefs('read', 'its tracepoints')}/available_events`)
    return events.split('\n').map((line) => line.replace(':', '/'))
  } catch (error) {
    if (error instanceof BpfError) return []
    throw error
  }
}

const tracepointNames = (): string[] =>
  kernelTracepoints().map((event) => event.replace(/^.*\//, ''))

/** Yields the kernel's functions whose names start with a prefix, without it. Lines are "ffffffff81000000 T name" (nm(1)). */
function* kernelFunctions(prefix = ''): Generator<string> {
  for (const [, name = ''] of readText('/proc/kallsyms').matchAll(/ [TtWw] (\S+)/g)) {
    if (name.startsWith(prefix)) yield name.slice(prefix.length)
  }
}

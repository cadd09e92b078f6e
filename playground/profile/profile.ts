// Prints where processes spend their time, as folded stacks: what flame graph tools read.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { BpfError, shutdownSignal } from 'unplugin-bpf/runtime'
import { kernelSymbols, type ProcessSymbols, processSymbols } from 'unplugin-bpf/symbols'

import skel, { type profile_bpf, type sample } from './profile.bpf.c'

const usage = `Samples the stacks of what runs, and prints each with its number of samples.

  --pid PID        only this process
  --seconds N      how long (else: until Ctrl-C)
  --frequency HZ   samples a second and CPU (99)
`
const { values: options } = parseArgs({
  options: {
    pid: { type: 'string' },
    seconds: { type: 'string' },
    frequency: { type: 'string', default: '99' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function profile(): Promise<void> {
  using sampler = skel.open()
  sampler.rodata.target_pid = Number(options.pid ?? 0)
  sampler.load()
  sampler.links.on_sample = sampler.progs.on_sample.attachPerfEvent({
    config: 'cpu-clock',
    frequency: Number(options.frequency),
  })
  const signals = [shutdownSignal()]
  if (options.seconds) signals.push(AbortSignal.timeout(Number(options.seconds) * 1000))
  await untilAborted(AbortSignal.any(signals))
  // No sample comes while they are read.
  sampler.detach()
  for (const [stack, count] of folded(sampler)) console.log(`${stack} ${count}`)
  if (sampler.bss.lost > 0n) console.error(`${sampler.bss.lost} samples did not fit`)
}

/** `comm;outermost function;…;innermost function`, and how many samples had that stack. */
function folded({ maps: { counts, stacks } }: profile_bpf): Map<string, bigint> {
  const processes = new Map<number, ProcessSymbols | undefined>()
  const kernel = kernelSymbols()
  const sums = new Map<string, bigint>()

  function userFrames({ pid, user_stack: id }: sample): string[] {
    if (id < 0) return []
    if (!processes.has(pid)) processes.set(pid, symbolsOf(pid))
    const process = processes.get(pid)
    return (stacks.get(id) ?? []).map((address, depth) => {
      const found = process?.name(calling(address, depth))
      return found?.name ?? `[${found?.file ?? 'unknown'}]`
    })
  }
  const kernelFrames = ({ kernel_stack: id }: sample): string[] =>
    id < 0
      ? []
      : (stacks.get(id) ?? []).map(
          (address, depth) => kernel.name(calling(address, depth))?.name ?? '[kernel]',
        )

  for (const [sample, count] of counts) {
    // The kernel gives a stack from its innermost function out.
    const frames = [...kernelFrames(sample), ...userFrames(sample)].toReversed()
    const stack = [sample.comm, ...frames].join(';').replaceAll(/\s/g, '_')
    sums.set(stack, (sums.get(stack) ?? 0n) + count)
  }
  return sums
}

/** All but the innermost are where a call returns to: its caller may end just before. */
const calling = (address: bigint, depth: number): bigint => (depth === 0 ? address : address - 1n)

/** Undefined when the process has ended meanwhile. */
function symbolsOf(pid: number): ProcessSymbols | undefined {
  try {
    return processSymbols(pid)
  } catch (error) {
    if (error instanceof BpfError && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  await sleep(2 ** 31 - 1, undefined, { signal }).catch(() => {})
}

if (options.help) {
  console.log(usage)
} else {
  try {
    await profile()
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/** By number, as perf(1) lists them. linux/perf_event.h: enum perf_sw_ids, enum perf_hw_id. */
const names = {
  software: [
    'cpu-clock',
    'task-clock',
    'page-faults',
    'context-switches',
    'cpu-migrations',
    'minor-faults',
    'major-faults',
    'alignment-faults',
    'emulation-faults',
    'dummy',
    'bpf-output',
    'cgroup-switches',
  ],
  hardware: [
    'cpu-cycles',
    'instructions',
    'cache-references',
    'cache-misses',
    'branch-instructions',
    'branch-misses',
    'bus-cycles',
    'stalled-cycles-frontend',
    'stalled-cycles-backend',
    'ref-cycles',
  ],
} as const

type Kind = keyof typeof names

/** `cpu-clock`, `page-faults`, `instructions`, … */
export type PerfEventName = (typeof names)[Kind][number]

/** @throws {TypeError} naming the choices */
export function perfEventNamed(name: PerfEventName): { type: Kind; config: number } {
  for (const type of ['software', 'hardware'] as const) {
    const config = names[type].findIndex((known) => known === name)
    if (config >= 0) return { type, config }
  }
  const choices = [...names.software, ...names.hardware].join(', ')
  throw new TypeError(`config is a number, or one of ${choices}, not ${String(name)}`)
}

/** perf(1)'s names in the order of their numbers (linux/perf_event.h: enum perf_sw_ids, enum perf_hw_id). */
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

/** Returns the type and number of an event. @throws {TypeError} that lists the names */
export function perfEventNamed(name: PerfEventName): { type: Kind; config: number } {
  for (const type of ['software', 'hardware'] as const) {
    const config = names[type].findIndex((known) => known === name)
    if (config >= 0) return { type, config }
  }
  const choices = [...names.software, ...names.hardware].join(', ')
  throw new TypeError(`config must be a number or one of ${choices}, not ${String(name)}`)
}

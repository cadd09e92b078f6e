/** Runs in the guest: each scenario once. What became of them is one line of JSON, a `Run`. */
import { writeSync } from 'node:fs'
import { release } from 'node:os'

import { fromLibbpf } from '../../../src/runtime/ffi/libbpf.ts'
import { BpfError } from '../../../src/runtime/index.ts'
import { loadEach } from '../../refused/load.ts'
import { calls } from './calls.ts'
import { cpus } from './cpus.ts'
import { failures } from './failures.ts'
import { functions } from './functions.ts'
import { beKilled, killed, VICTIM } from './killed.ts'
import { objects } from './objects.ts'
import { opens } from './opens.ts'
import { packets } from './packets.ts'
import { recent } from './recent.ts'
import { replaced } from './replaced.ts'
import { samples } from './samples.ts'
import type { Outcome, Run, Scenario } from './scenario.ts'

const scenarios: readonly Scenario[] = [
  ...opens,
  ...functions,
  ...samples,
  ...calls,
  ...packets,
  ...objects,
  ...recent,
  ...replaced,
  ...failures,
  ...killed,
  // This one's CPUs are others' too.
  ...(process.env['MACHINE'] === 'own' ? cpus : []),
]

async function outcomeOf({ name: scenario, run }: Scenario): Promise<Outcome> {
  try {
    await run()
    return { scenario, result: 'works' }
  } catch (error) {
    if (error instanceof BpfError) return { scenario, result: 'refused', message: error.message }
    return { scenario, result: 'wrong', message: String((error as Error).stack) }
  }
}

async function runAll(): Promise<Run> {
  const libbpf = fromLibbpf<string>('str libbpf_version_string()')()
  const outcomes: Outcome[] = []
  for (const scenario of scenarios) outcomes.push(await outcomeOf(scenario))
  return { release: release(), architecture: process.arch, libbpf, outcomes, refusals: loadEach() }
}

if (process.argv[2] === VICTIM) {
  beKilled()
} else {
  writeSync(1, `${JSON.stringify(await runAll())}\n`)
  // Whatever a broken scenario left attached would hold the process open.
  process.exit()
}

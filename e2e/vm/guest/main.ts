/** Runs in the guest: each scenario once. What became of them is one line of JSON, a `Run`. */
import { writeSync } from 'node:fs'
import { release } from 'node:os'

import { fromLibbpf } from '../../../src/runtime/ffi/library.ts'
import { BpfError } from '../../../src/runtime/index.ts'
import { loadEach } from '../../refused/load.ts'
import { opens } from './opens.ts'
import { packets } from './packets.ts'
import { samples } from './samples.ts'
import type { Outcome, Run, Scenario } from './scenario.ts'

const scenarios: readonly Scenario[] = [...opens, ...samples, ...packets]

async function outcomeOf({ name: scenario, run }: Scenario): Promise<Outcome> {
  try {
    await run()
    return { scenario, result: 'works' }
  } catch (error) {
    if (error instanceof BpfError) return { scenario, result: 'refused', message: error.message }
    return { scenario, result: 'wrong', message: String((error as Error).stack) }
  }
}

const libbpf = fromLibbpf<string>('libbpf_version_string', 'str', [])()
const outcomes: Outcome[] = []
for (const scenario of scenarios) outcomes.push(await outcomeOf(scenario))
const run: Run = { release: release(), libbpf, outcomes, refusals: loadEach() }
writeSync(1, `${JSON.stringify(run)}\n`)
// Whatever a broken scenario left attached would hold the process open.
process.exit()

import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, expect, it } from 'vitest'

import { corpus, type Seed } from './corpus.ts'
import { mutator } from './mutate.ts'
import { makeAll } from './pipeline.ts'
import { random } from './random.ts'

/**
 * A million: for seed in $(seq 10); do FUZZ_RUNS=100000 FUZZ_SEED=$seed npx vitest run test/fuzz; done
 * In several processes, for the parser that reads what was generated keeps some memory of each text.
 */
const runs = Number(process.env['FUZZ_RUNS'] ?? 10_000)
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const only = process.env['FUZZ_ONLY']

/** Milliseconds of processor time that one input may take, on a machine that does much else. */
const LIMIT = 4000
/** Kilobytes that one input may add to the most memory that the process ever took. */
const MEMORY = 1 << 18

let seeds: Seed[]
beforeAll(async () => {
  seeds = await corpus()
})

it('objects as clang makes them are made into everything', () => {
  for (const { name, bytes } of seeds) expect(makeAll(bytes), name).toBe('made')
})

it(
  `${runs} damaged objects are made into something or refused, in bounded time and memory`,
  () => {
    const mutators = new Map(seeds.map((one) => [one, mutator(one)]))
    const ends = { made: 0, refused: 0 }
    const failures: string[] = []
    let slowest = 0
    const inputs = only === undefined ? Array.from({ length: runs }).keys() : [Number(only)]
    for (const index of inputs) {
      const numbers = random(seed, index)
      const from = seeds[numbers.weighted(seeds)]
      const input = from && mutators.get(from)?.(numbers)
      if (!input) throw new Error('there are no objects to damage')
      const { maxRSS } = process.resourceUsage()
      const started = process.cpuUsage()
      try {
        ends[makeAll(input, index % 4 === 0)]++
        const { user, system } = process.cpuUsage(started)
        slowest = Math.max(slowest, (user + system) / 1000)
        expect((user + system) / 1000, 'milliseconds of processor time').toBeLessThan(LIMIT)
        const grown = process.resourceUsage().maxRSS - maxRSS
        expect(grown, 'kilobytes of memory').toBeLessThan(MEMORY)
      } catch (error) {
        const file = join(tmpdir(), `fuzz-${seed}-${index}.o`)
        writeFileSync(file, input)
        const stack = error instanceof Error ? error.stack : error
        failures.push(
          `FUZZ_SEED=${seed} FUZZ_ONLY=${index}: ${file}, of ${from.name}: ${String(stack)}`,
        )
        if (failures.length >= 10) break
      }
    }
    console.log(
      `${ends.made} made, ${ends.refused} refused; the slowest took ${Math.round(slowest)} ms`,
    )
    expect(failures.join('\n\n')).toBe('')
    if (only === undefined) expect(Math.min(ends.made, ends.refused)).toBeGreaterThan(runs / 20)
  },
  Math.max(180_000, runs * 100),
)

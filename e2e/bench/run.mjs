/**
 * `npm run bench [-- NAME…]`: measures, prints a table and writes results.json beside this file. A target that is
 * missed is said in the table; the exit code is 1 when something could not be measured. `--quick` measures each once,
 * to see that all works, and writes nothing.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, release } from 'node:os'
import { parseArgs } from 'node:util'

import { Bench, path } from './bench.mjs'
import { build, size } from './rows/build.mjs'
import { generate } from './rows/generate.mjs'
import { load } from './rows/load.mjs'
import { maps } from './rows/maps.mjs'
import { rebuild } from './rows/rebuild.mjs'
import { records } from './rows/records.mjs'
import { save } from './rows/save.mjs'
import { table } from './table.mjs'

const measures = { records, maps, load, generate, build, rebuild, size, save }

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !(name in measures))
if (unknown.length > 0) {
  console.error(
    `no such measure: ${unknown.join(', ')}; there are ${Object.keys(measures).join(', ')}`,
  )
  process.exit(2)
}
const chosen = Object.entries(measures).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
)

const bench = await Bench.start(values.quick)
const rows = []
try {
  for (const [name, measure] of chosen) {
    process.stderr.write(`measuring ${name}\n`)
    try {
      rows.push(...(await measure(bench)))
    } catch (error) {
      // The others are worth having; as root they all should run.
      process.exitCode = 1
      process.stderr.write(`cannot measure ${name}: ${error.message}\n`)
    }
  }
} finally {
  await bench.end()
}
const machine = {
  node: process.version,
  kernel: release(),
  cpu: cpus()[0]?.model ?? '',
  cpus: availableParallelism(),
}
if (!values.quick) {
  await writeFile(path('results.json'), `${JSON.stringify({ machine, rows }, undefined, 2)}\n`)
}
console.log(table(rows))

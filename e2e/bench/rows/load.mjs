import { inTurns } from '../measure.mjs'
import { either, plus, row, times } from '../row.mjs'

/** open, load and destroy in a process that has done so before. */
export async function load(bench) {
  return [
    await opened(bench, 'tiny', 'open and load, one small program', bench.count(200, 10)),
    await opened(bench, 'kernel', 'open and load, with kernel BTF', bench.count(10, 2)),
  ]
}

async function opened(bench, object, what, rounds) {
  const { ours, C } = await inTurns(bench.count(7, 1), async () => ({
    ours: (await bench.js(object, rounds))[0] / 1e6,
    C: (await bench.inC('load', object, rounds)) / 1e6,
  }))
  return row(what, 'ms', ours, C, either(times(1.15), plus(1, 'ms')))
}

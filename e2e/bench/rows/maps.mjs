import { inTurns } from '../measure.mjs'
import { absent, noGo, row, times } from '../row.mjs'

/** A hash map of 8-byte keys and 32-byte values with a string: nanoseconds an element. */
export async function maps(bench) {
  return [
    ...(await beside(bench, 'get', 'hash map, get')),
    ...(await beside(bench, 'iterate', 'hash map, iterate 10,000')),
  ]
}

async function beside(bench, work, what) {
  const rounds = bench.count(40, 5)
  const { ours, C, Go } = await inTurns(bench.count(9, 1), async () => ({
    ours: (await bench.js(work, rounds))[0],
    C: await bench.inC(work, 'bench', rounds),
    Go: await bench.inGo(work, 'bench', rounds),
  }))
  return [
    row(what, 'ns', ours, C, times(2)),
    Go ? row(`${what}, beside Go`, 'ns', ours, Go) : absent(what, 'ns', ours, noGo),
  ]
}

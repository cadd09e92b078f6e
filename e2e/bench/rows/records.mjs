import { inTurns } from '../measure.mjs'
import { absent, atMost, noGo, row, times } from '../row.mjs'

/** Records of a ring buffer, and waiting for them. */
export async function records(bench) {
  return [...(await views(bench)), ...(await objects(bench)), ...(await waiting(bench))]
}

async function views(bench) {
  const rounds = bench.count(200, 20)
  const { ours, C, Go, bigint } = await inTurns(bench.count(9, 1), async () => ({
    ours: (await bench.js('consume', rounds))[0],
    C: await bench.inC('drain', 'bench', rounds),
    Go: await bench.inGo('raw', 'bench', rounds),
    bigint: (await bench.js('bigint', rounds))[0],
  }))
  const what = 'ring buffer, consume, three u32'
  return [
    row(what, 'ns', ours, C, times(2)),
    Go ? row(`${what}, beside Go`, 'ns', ours, Go, times(1 / 5)) : absent(what, 'ns', ours, noGo),
    row('ring buffer, consume, a u64 as bigint', 'ns', bigint, {
      ...C,
      ratio: C.ratio / bigint.ratio,
    }),
  ]
}

async function objects(bench) {
  const rounds = bench.count(100, 10)
  const turns = bench.count(9, 1)
  const decoded = await inTurns(turns, async () => {
    const [ours, byHand] = await bench.js('decode', rounds)
    return { ours, 'by hand': byHand }
  })
  const streamed = await inTurns(turns, async () => {
    const [on, loop, least] = await bench.js('stream', rounds)
    return { ours: on, Go: await bench.inGo('read', 'bench', rounds), loop, least }
  })
  const { ours, Go, loop, least } = streamed
  const listener = { name: 'on(fn)', figure: ours.figure, ratio: 1 / loop.ratio }
  return [
    row('40 bytes to an object', 'ns', decoded.ours, decoded['by hand'], times(1.2)),
    Go
      ? row('objects through on(fn), beside Go', 'ns', ours, Go, times(1 / 3))
      : absent('objects through on(fn)', 'ns', ours, noGo),
    row('objects through for await', 'ns', loop, listener, times(1.6)),
    row('objects through for await', 'ns', loop, {
      name: 'for await alone',
      figure: least.figure,
      ratio: least.ratio / loop.ratio,
    }),
  ]
}

async function waiting(bench) {
  const rounds = bench.count(500, 50)
  let idle
  const { ours, C } = await inTurns(bench.count(3, 1), async () => {
    const [nanoseconds, percent] = await bench.js('latency', rounds)
    idle = percent
    return {
      ours: nanoseconds / 1000,
      C: (await bench.inC('latency', 'bench', rounds)) / 1000,
    }
  })
  return [
    row('wake-up, submit to callback, p50', 'us', ours, C, atMost(100, 'us')),
    row('CPU while waiting', '%', { figure: idle }, undefined, atMost(0.5, '%')),
  ]
}

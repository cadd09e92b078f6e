/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Measures everything once a turn, because a shared machine's speed drifts: each figure is the median of its own, each
 * ratio the median of the ratios within a turn.
 *
 * @template {string} Name
 * @param {number} turns
 * @param {() => Promise<Record<'ours' | Name, number | undefined>>} measure undefined: not to be had here
 * @returns {Promise<Record<'ours' | Name, { name: string, figure: number, ratio: number } | undefined>>} `ratio`: ours
 *   to this one
 */
export async function inTurns(turns, measure) {
  const taken = []
  for (let turn = 0; turn < turns; turn++) taken.push(await measure())
  const names = Object.keys(taken[0]).filter((name) => taken[0][name] !== undefined)
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        name,
        figure: median(taken.map((turn) => turn[name])),
        ratio: median(taken.map((turn) => turn.ours / turn[name])),
      },
    ]),
  )
}

/** Milliseconds that `work` takes. */
export async function milliseconds(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

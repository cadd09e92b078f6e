/** Numbers that a seed decides, so that one input of a million can be made again alone. */
export interface Random {
  /** From 0 to below `limit`. */
  below(limit: number): number
  of<T>(choices: readonly [T, ...T[]]): T
  chance(probability: number): boolean
  /** An index, each as likely as its weight says. */
  weighted(choices: readonly { readonly weight: number }[]): number
}

/** Mulberry32 over a hash of both. */
export function random(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    of: (choices) => choices[below(choices.length)] ?? choices[0],
    chance: (probability) => next() < probability,
    weighted(choices) {
      let left = next() * choices.reduce((sum, { weight }) => sum + weight, 0)
      return choices.findIndex(({ weight }) => (left -= weight) < 0)
    },
  }
}

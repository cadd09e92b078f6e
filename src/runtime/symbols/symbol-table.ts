import { readName } from './strings.ts'

/** Symbols before they are sorted: rows of equal index. */
export interface SymbolRows {
  /** Addresses as `addressKey` gives them. */
  readonly starts: number[]
  /** Bytes; 0: up to the next symbol. */
  readonly sizes: number[]
  /** Of several at one address the highest names it. */
  readonly ranks: number[]
  /** Where in `text` each name begins. It ends at a control character: NUL, tab, newline. */
  readonly names: number[]
}

export function symbolRows(): SymbolRows {
  return { starts: [], sizes: [], ranks: [], names: [] }
}

export interface Found {
  readonly name: string
  /** Bytes behind the symbol's start. */
  readonly offset: number
  /** Where its name is in the text of names. */
  readonly nameAt: number
}

/**
 * Addresses as numbers, in the order of 64-bit signed ones: exact for users' and kernels' as they are, up to 2^53 away
 * from zero on either side.
 */
export function addressKey(address: bigint | number): number {
  if (typeof address !== 'bigint' && !Number.isSafeInteger(address)) {
    throw new RangeError(`an address is a bigint or a safe integer, not ${String(address)}`)
  }
  return typeof address === 'bigint' ? Number(BigInt.asIntN(64, address)) : address
}

/** Named ranges of addresses, sorted once. Names stay bytes until asked for. */
export class SymbolTable {
  readonly size: number
  readonly #text: Uint8Array
  readonly #starts: Float64Array
  readonly #ends: Float64Array
  /** The furthest end of this and all before it: a function may lie inside a larger symbol. */
  readonly #reach: Float64Array
  readonly #names: Uint32Array
  /** By rank, where that decides between ranges that overlap. */
  readonly #ranks: Float64Array | undefined

  /** @param overlap of ranges around one address, which names it: the inner one, or that of the highest rank */
  constructor(
    { starts, sizes, ranks, names }: SymbolRows,
    text: Uint8Array,
    overlap: 'inner' | 'rank' = 'inner',
  ) {
    const order = sorted(starts, ranks)
    this.size = order.length
    this.#text = text
    if (overlap === 'rank') this.#ranks = Float64Array.from(order, (row) => ranks[row] ?? 0)
    this.#starts = Float64Array.from(order, (row) => starts[row] ?? 0)
    this.#names = Uint32Array.from(order, (row) => names[row] ?? 0)
    this.#ends = new Float64Array(order.length)
    this.#reach = new Float64Array(order.length)
    let next = Infinity
    for (let at = order.length - 1; at >= 0; at--) {
      const start = this.#starts[at] ?? 0
      const following = this.#starts[at + 1]
      if (following !== undefined && following > start) next = following
      const size = sizes[order[at] ?? 0] ?? 0
      this.#ends[at] = size === 0 ? next : start + size
    }
    let reach = -Infinity
    for (const [at, end] of this.#ends.entries()) {
      reach = Math.max(reach, end)
      this.#reach[at] = reach
    }
  }

  /** The symbol around an address. */
  find(address: number): Found | undefined {
    let best = -1
    for (let at = this.#lastFrom(address); at >= 0; at--) {
      if ((this.#reach[at] ?? 0) <= address) break
      if ((this.#ends[at] ?? 0) <= address) continue
      if (best < 0 || (this.#ranks?.[at] ?? 0) > (this.#ranks?.[best] ?? 0)) best = at
      if (!this.#ranks) break
    }
    if (best < 0) return undefined
    const start = this.#starts[best] ?? 0
    const nameAt = this.#names[best] ?? 0
    return { name: readName(this.#text, nameAt), offset: address - start, nameAt }
  }

  /** Where the symbol of a name begins. */
  startOf(name: string): number | undefined {
    const wanted = new TextEncoder().encode(name)
    const at = this.#names.findIndex((nameAt) => this.#isName(nameAt, wanted))
    return this.#starts[at]
  }

  #isName(at: number, wanted: Uint8Array): boolean {
    for (const [index, byte] of wanted.entries()) {
      if (this.#text[at + index] !== byte) return false
    }
    return (this.#text[at + wanted.length] ?? 0) < 0x20
  }

  /** The last row that begins at or before an address, -1 when none does. */
  #lastFrom(address: number): number {
    let [low, high] = [0, this.#starts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) <= address) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** Rows by address; at one address the best name last, where a search ends. */
function sorted(starts: readonly number[], ranks: readonly number[]): Uint32Array {
  const order = Uint32Array.from(starts, (_, row) => row)
  return order.toSorted((a, b) => {
    const byStart = (starts[a] ?? 0) - (starts[b] ?? 0)
    // The first listed of equal ones wins, too.
    return byStart !== 0 ? byStart : (ranks[a] ?? 0) - (ranks[b] ?? 0) || b - a
  })
}

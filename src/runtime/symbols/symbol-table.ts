import { readName } from './read-name.ts'

/** Symbols before they are sorted: rows of equal index. */
export interface SymbolRows {
  /** Addresses as `addressKey` gives them. */
  readonly starts: number[]
  /** Sizes in bytes; 0 means up to the next symbol. */
  readonly sizes: number[]
  /** Of several symbols at one address, the one of the highest rank names it. */
  readonly ranks: number[]
  /** Where each name starts in the text of names. It ends before a control character: NUL, tab, newline. */
  readonly nameOffsets: number[]
}

export function symbolRows(): SymbolRows {
  return { starts: [], sizes: [], ranks: [], nameOffsets: [] }
}

export interface FoundSymbol {
  readonly name: string
  /** Bytes from the symbol's start. */
  readonly offset: number
  /** Where the name starts in the text of names. */
  readonly nameOffset: number
}

/**
 * Converts an address to a number that sorts as a signed 64-bit one. It is exact within 2^53 of either end of the address
 * space, where processes' and the kernel's addresses are.
 */
export function addressKey(address: bigint | number): number {
  if (typeof address !== 'bigint' && !Number.isSafeInteger(address)) {
    throw new RangeError(`an address is a bigint or a safe integer, not ${String(address)}`)
  }
  return typeof address === 'bigint' ? Number(BigInt.asIntN(64, address)) : address
}

/** Named ranges of addresses, sorted once. Names are decoded when they are asked for. */
export class SymbolTable {
  readonly size: number
  readonly #text: Uint8Array
  readonly #starts: Float64Array
  readonly #ends: Float64Array
  /** The furthest end of a row and all before it, because a function may lie inside a larger symbol. */
  readonly #reach: Float64Array
  readonly #nameOffsets: Uint32Array
  /** Ranks, when they decide between ranges that overlap. */
  readonly #ranks: Float64Array | undefined

  /** @param overlap which of several ranges around an address names it: the innermost, or the one of the highest rank */
  constructor(
    { starts, sizes, ranks, nameOffsets }: SymbolRows,
    text: Uint8Array,
    overlap: 'inner' | 'rank' = 'inner',
  ) {
    const order = sorted(starts, ranks)
    this.size = order.length
    this.#text = text
    if (overlap === 'rank') this.#ranks = Float64Array.from(order, (row) => ranks[row] ?? 0)
    this.#starts = Float64Array.from(order, (row) => starts[row] ?? 0)
    this.#nameOffsets = Uint32Array.from(order, (row) => nameOffsets[row] ?? 0)
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
  find(address: number): FoundSymbol | undefined {
    let best = -1
    for (let at = this.#lastFrom(address); at >= 0; at--) {
      if ((this.#reach[at] ?? 0) <= address) break
      if ((this.#ends[at] ?? 0) <= address) continue
      if (best < 0 || (this.#ranks?.[at] ?? 0) > (this.#ranks?.[best] ?? 0)) best = at
      if (!this.#ranks) break
    }
    if (best < 0) return undefined
    const start = this.#starts[best] ?? 0
    const nameOffset = this.#nameOffsets[best] ?? 0
    return { name: readName(this.#text, nameOffset), offset: address - start, nameOffset }
  }

  /** The start of the symbol of a name. */
  startOf(name: string): number | undefined {
    const wanted = new TextEncoder().encode(name)
    const at = this.#nameOffsets.findIndex((offset) => this.#isName(offset, wanted))
    return this.#starts[at]
  }

  #isName(at: number, wanted: Uint8Array): boolean {
    for (const [index, byte] of wanted.entries()) {
      if (this.#text[at + index] !== byte) return false
    }
    return (this.#text[at + wanted.length] ?? 0) < 0x20
  }

  /** The last row that starts at or before an address; -1 when none does. */
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

/** Orders rows by address; at one address the highest rank comes last, where a search ends. */
function sorted(starts: readonly number[], ranks: readonly number[]): Uint32Array {
  const order = Uint32Array.from(starts, (_, row) => row)
  return order.toSorted((a, b) => {
    const byStart = (starts[a] ?? 0) - (starts[b] ?? 0)
    // Of equal ones the first listed wins, so it comes last.
    return byStart !== 0 ? byStart : (ranks[a] ?? 0) - (ranks[b] ?? 0) || b - a
  })
}

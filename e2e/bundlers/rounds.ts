/** The results of a bundler that watches, in order: each is taken once. */
export class Rounds<T> {
  readonly #results: T[] = []
  readonly #takers: ((result: T) => void)[] = []

  add(result: T): void {
    const taker = this.#takers.shift()
    if (taker) taker(result)
    else this.#results.push(result)
  }

  async next(): Promise<T> {
    const result = this.#results.shift()
    return result ?? new Promise((taker) => this.#takers.push(taker))
  }

  /** The first result that `holds`; a save may be seen in two rounds. */
  async until(holds: (result: T) => boolean): Promise<T> {
    for (;;) {
      const result = await this.next()
      if (holds(result)) return result
    }
  }
}

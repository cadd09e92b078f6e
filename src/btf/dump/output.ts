import { bounded } from './dump.ts'

/** The number of characters after which pieces are joined. */
const CHUNK = 2 ** 16

/**
 * A long text made of very many short pieces. JavaScript keeps a concatenation as a tree, and each garbage collection would
 * copy a tree of all pieces; it does not copy bytes.
 */
export class Output {
  readonly #chunks: Buffer[] = []
  #pending = ''
  #length = 0

  add(piece: string): void {
    this.#pending += piece
    if (this.#pending.length > CHUNK) this.#flush()
  }

  text(): string {
    this.#flush()
    return Buffer.concat(this.#chunks).toString()
  }

  #flush(): void {
    this.#length = bounded(this.#length + this.#pending.length)
    this.#chunks.push(Buffer.from(this.#pending))
    this.#pending = ''
  }
}

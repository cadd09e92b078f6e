import { bounded } from './dump.ts'

/** Characters after which pieces are put together. */
const CHUNK = 2 ** 16

/**
 * A long text made of very many short pieces. JavaScript keeps a sum of strings as a tree of them, and
 * a tree of all pieces would be copied by each garbage collection: bytes are not.
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

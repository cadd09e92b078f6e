import { Memo } from '../../codec/intrinsics.ts'

/**
 * The native side of objects that users hold, out of their reach: a method would give the address away, or let them put
 * another in its place.
 */
class Pointers {
  readonly #kind: string
  readonly #pointers = new Memo<object, (operation: string) => number>()

  constructor(kind: string) {
    this.#kind = kind
  }

  /** @param pointerOf may refuse the operation by an error */
  keep(object: object, pointerOf: (operation: string) => number): void {
    this.#pointers.set(object, pointerOf)
  }

  /** @throws {TypeError} for what only looks like one of ours */
  of(object: object, operation: string): number {
    const pointerOf = this.#pointers.get(object)
    if (pointerOf) return pointerOf(operation)
    throw new TypeError(`this is no ${this.#kind}`)
  }
}

/** `struct bpf_program *` of a loaded skeleton. */
export const programPointers: Pointers = /*#__PURE__*/ new Pointers('program')

/** `struct bpf_map *` of struct_ops maps of a loaded skeleton. */
export const structOpsPointers: Pointers = /*#__PURE__*/ new Pointers('struct_ops map')

import { Memo } from '../../codec/intrinsics.ts'

/**
 * The native side of objects that users hold, out of their reach: a method would give the address away, or let them put
 * another in its place.
 */
class NativePointers {
  readonly #kind: string
  readonly #pointers = new Memo<object, (operation: string) => number>()

  constructor(kind: string) {
    this.#kind = kind
  }

  /** @param pointerOf may refuse the operation by an error */
  set(object: object, pointerOf: (operation: string) => number): void {
    this.#pointers.set(object, pointerOf)
  }

  /** @throws {TypeError} for what only looks like one of ours */
  get(object: object, operation: string): number {
    const pointerOf = this.#pointers.get(object)
    if (pointerOf) return pointerOf(operation)
    throw new TypeError(`this is no ${this.#kind}`)
  }
}

/** `struct bpf_program *` of a loaded skeleton. */
export const programPointers: NativePointers = /*#__PURE__*/ new NativePointers('program')

/** `struct bpf_map *` of struct_ops maps of a loaded skeleton. */
export const structOpsPointers: NativePointers = /*#__PURE__*/ new NativePointers('struct_ops map')

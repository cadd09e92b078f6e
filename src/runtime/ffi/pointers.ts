import { Memo } from '../../codec/intrinsics.ts'

/**
 * Native pointers of the objects that users hold, kept out of their reach: with a method on the object, users could read
 * the address or replace it.
 */
class NativePointers {
  readonly #kind: string
  readonly #pointers = new Memo<object, (operation: string) => number>()

  constructor(kind: string) {
    this.#kind = kind
  }

  /** @param pointerOf returns the pointer, or throws why the operation is not possible now */
  set(object: object, pointerOf: (operation: string) => number): void {
    this.#pointers.set(object, pointerOf)
  }

  /** @throws {TypeError} for an object that only looks like one of this library's */
  get(object: object, operation: string): number {
    const pointerOf = this.#pointers.get(object)
    if (pointerOf) return pointerOf(operation)
    throw new TypeError(`cannot ${operation} this object: it is no ${this.#kind} of a skeleton`)
  }
}

/** `struct bpf_program *` of the programs of a loaded skeleton. */
export const programPointers: NativePointers = /*#__PURE__*/ new NativePointers('program')

/** `struct bpf_map *` of the struct_ops maps of a loaded skeleton. */
export const structOpsPointers: NativePointers = /*#__PURE__*/ new NativePointers('struct_ops map')

import type { In } from './input.ts'

/** The type of a field or element of live memory: a view for structs and arrays, else the value. */
export type Live<T> = T extends bigint | number | string | boolean
  ? T
  : T extends Uint8Array
    ? ViewArray<number>
    : T extends readonly (infer E)[]
      ? ViewArray<E>
      : T extends object
        ? View<T>
        : T

/**
 * Live memory with the fields of `T`. They read and write in place, and assigning copies the value. TypeScript asks for
 * a bigint in 64-bit fields, `= 5n`, because a mapped type cannot have a setter that accepts more than its getter returns.
 */
export type View<T> = { -readonly [K in keyof T]: Live<T[K]> }

/** An array in live memory. Its elements read and write in place. */
export interface ViewArray<T> extends Iterable<Live<T>> {
  readonly length: number
  /** Reads as undefined past the end; writing there is a RangeError. */
  [index: number]: Live<T>
  /** Copies the values to the elements from `offset` (0) on. Throws a RangeError, and writes nothing, when they do not fit. */
  set(values: ArrayLike<In<T>>, offset?: number): void
  /** Writes `value` to the elements `from` (0) up to `to` (the length); negative indexes count from the end. */
  fill(value: In<T>, from?: number, to?: number): void
  /** Returns copies of the elements `from` (0) up to `to` (the length); negative indexes count from the end. */
  slice(from?: number, to?: number): T[]
  /** Returns copies of all elements. */
  toArray(): T[]
}

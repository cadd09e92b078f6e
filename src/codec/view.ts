import type { In } from './input.ts'

/** What is at a field or index of live memory: structs and arrays as views, everything else as its value. */
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
 * Live memory with the fields of `T`: they read and write in place, and what is assigned is copied. TypeScript has the
 * 64-bit ones written as bigint, `= 5n`: types that are made of others know no setter that takes more than it gives.
 */
export type View<T> = { -readonly [K in keyof T]: Live<T[K]> }

/** An array in live memory. Its elements read and write in place. */
export interface ViewArray<T> extends Iterable<Live<T>> {
  readonly length: number
  /** Undefined past the end; writing there is a RangeError. */
  [index: number]: Live<T>
  /** Copies the values to `offset` (0) and on. RangeError, and nothing written, when they do not fit. */
  set(values: ArrayLike<In<T>>, offset?: number): void
  /** Writes a copy of `value` to the elements `from` (0) to `to` (the length), negative ones counted from the end. */
  fill(value: In<T>, from?: number, to?: number): void
  /** Copies of the elements `from` (0) to `to` (the length), negative ones counted from the end. */
  slice(from?: number, to?: number): T[]
  /** Copies of all elements. */
  toArray(): T[]
}

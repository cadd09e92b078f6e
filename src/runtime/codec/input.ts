/** Accepted where a 64-bit value is written; reading gives bigint. */
export type Integer = bigint | number

/** What may be written for a `T` that is read: safe integers for bigint, bytes for strings, array-likes for arrays. */
export type In<T> = T extends bigint
  ? Integer
  : T extends string
    ? string | Uint8Array
    : T extends Uint8Array
      ? ArrayLike<number>
      : T extends readonly (infer E)[]
        ? ArrayLike<In<E>>
        : T extends object
          ? { [K in keyof T]: In<T[K]> }
          : T

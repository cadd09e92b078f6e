/** Accepted where a 64-bit value is written; reading gives bigint. */
export type Integer = bigint | number

/**
 * What may be written for a `T` that is read: safe integers for bigint, bytes for strings, array-likes
 * for arrays, any of the members that share a union's bytes.
 */
export type In<T> = T extends bigint
  ? Integer
  : T extends string
    ? string | Uint8Array
    : T extends Uint8Array
      ? ArrayLike<number>
      : T extends readonly (infer E)[]
        ? ArrayLike<In<E>>
        : T extends object
          ? typeof sharing extends keyof T
            ? InUnion<T, Sharing<T>>
            : { [K in keyof T]: In<T[K]> }
          : T

/** Marks, in types only, the members of `T` that share bytes: a union's, also one without a name. */
export interface Union<Names extends string> {
  readonly [sharing]?: Names
}
declare const sharing: unique symbol

type Sharing<T> = T extends Union<infer Names> ? Names : never
type InUnion<T, Names> = {
  [K in Exclude<keyof T, Names | typeof sharing>]: In<T[K]>
} & { [K in Extract<keyof T, Names>]?: In<T[K]> }

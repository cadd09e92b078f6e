/** A 64-bit value as it may be written; it is read as bigint. */
export type Integer = bigint | number

/**
 * The type that may be written where `T` is read: safe integers for bigint, bytes for strings, array-likes for
 * arrays, and any of the members that share a union's bytes.
 */
export type In<T> = T extends bigint
  ? Integer
  : T extends number | boolean
    ? T
    : T extends string
      ? string | Uint8Array
      : T extends Uint8Array
        ? ArrayLike<number>
        : T extends readonly (infer E)[]
          ? ArrayLike<In<E>>
          : T extends object
            ? InFields<T, Sharing<T>>
            : T

/** Marks, in types only, the members that share bytes: those of a union, named or anonymous. */
export interface Union<Names extends string> {
  readonly [sharing]?: Names
}
declare const sharing: unique symbol

type Sharing<T> = typeof sharing extends keyof T
  ? T extends Union<infer Names>
    ? Names & keyof T
    : never
  : never
type InFields<T, Shared extends keyof T> = [Shared] extends [never]
  ? { [K in keyof T]: In<T[K]> }
  : { [K in Exclude<keyof T, Shared | typeof sharing>]: In<T[K]> } & InUnion<T, Shared>
/** At least one of the members that share bytes. */
type InUnion<T, Shared extends keyof T> = {
  [Given in Shared]: { [K in Given]: In<T[K]> } & { [K in Exclude<Shared, Given>]?: In<T[K]> }
}[Shared]

/**
 * For projects without generated declarations: with `"types": ["unplugin-bpf/client"]` every import of a `.bpf.c`
 * compiles, its contents unchecked. A generated `X.bpf.d.c.ts` wins over this.
 */
declare module '*.bpf.c' {
  import type { Codec } from 'unplugin-bpf/codec'
  import type { Skeleton, SkeletonInstance } from 'unplugin-bpf/runtime'

  // oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of maps, programs and variables
  const skeleton: Skeleton<SkeletonInstance & Record<string, any>>
  export default skeleton
  // oxlint-disable-next-line typescript/no-explicit-any -- nor of the types' fields
  export const types: Readonly<Record<string, Codec<any, any>>>
  export const defines: Readonly<Record<string, number | bigint | string>>
}

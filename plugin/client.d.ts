/**
 * For projects without generated declarations: `"types": ["unplugin-bpf/client"]` makes every import of a `.bpf.c`
 * compile, its skeleton loosely typed. A generated `X.bpf.d.c.ts` wins over this.
 */
declare module '*.bpf.c' {
  import type { AnySkeletonInstance, Codec, Skeleton } from 'unplugin-bpf/runtime'

  const skeleton: Skeleton<AnySkeletonInstance>
  export default skeleton
  export const types: Readonly<Record<string, Codec<never>>>
  export const defines: Readonly<Record<string, number | bigint | string>>
}

import type { Codec } from './codec.ts'
import type { Layout } from './layout.ts'

/** @throws {TypeError} for what is no codec: `types` has no entry of that name, or it is of another kind */
export function layoutOf(whom: string, codec: Codec<unknown, never>): Layout {
  const { layout } = (codec ?? {}) as Partial<Codec<unknown>>
  if (typeof layout?.kind === 'string') return layout
  throw new TypeError(`${whom} takes a codec, such as types.event of the import`)
}

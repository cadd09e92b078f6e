import type { Codec } from './codec.ts'
import type { Layout } from './layout.ts'
import { ownLayout } from './own-layout.ts'

/**
 * Our own copy of a codec's layout.
 * @throws {TypeError} for what is no codec: `types` has no entry of that name, or it is of another kind
 */
export function layoutOf(whom: string, codec: Codec<unknown, never>): Layout {
  const { layout } = (codec ?? {}) as Partial<Codec<unknown>>
  if (typeof layout === 'object' && layout !== null) return ownLayout(layout)
  throw new TypeError(`${whom} takes a codec, such as types.event of the import`)
}

import type { BitfieldSupport } from './bits.ts'
import type { SafeIntegers } from './safe.ts'
import type { TextForm } from './text-forms.ts'
import type { WriteUnion } from './union.ts'

/**
 * Functions that read and write the rarer layouts. Layouts are data without functions, so the function that makes
 * such a layout, as `bits()` or `union()`, registers them here: a bundle without such layouts carries none of them,
 * and no function of a caller is ever given memory to read.
 */
interface LayoutSupport {
  bits: BitfieldSupport
  safe: SafeIntegers
  strings: TextForm
  text: TextForm
  union: WriteUnion
}

/** An object without a prototype, because a property of Object.prototype would be found here. */
const support: Partial<LayoutSupport> = { __proto__: null } as never

export function addSupport<K extends keyof LayoutSupport>(
  name: K,
  functions: LayoutSupport[K],
): void {
  support[name] = functions
}

/** Returns the functions for a layout. @throws {TypeError} when no layout was made by the function of that name */
export function supportFor<K extends keyof LayoutSupport>(name: K): LayoutSupport[K] {
  const added = support[name]
  if (added !== undefined) return added
  const maker = name === 'text' || name === 'strings' ? `with({ …: '${name}' })` : `${name}()`
  throw new TypeError(
    `this layout cannot be read: it needs ${maker}, which this copy of unplugin-bpf never called. Use a codec of the import, such as types.event`,
  )
}

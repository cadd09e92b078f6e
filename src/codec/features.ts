import type { BitAccess } from './bits.ts'
import type { SafeIntegers } from './safe.ts'
import type { TextForm } from './text-forms.ts'
import type { WriteAgreed } from './write-union.ts'

/**
 * What only few layouts need. Layouts are data and hold no functions: the function that makes such a layout, `bits()` or
 * `union()`, adds what reads and writes it here. So a bundle without such layouts carries none of it, and what is given
 * memory to read is always our own.
 */
interface Features {
  bits: BitAccess
  safe: SafeIntegers
  strings: TextForm
  text: TextForm
  union: WriteAgreed
}

/** Without a prototype, where anybody could put one more. */
const features: Partial<Features> = { __proto__: null } as never

export function addFeature<K extends keyof Features>(name: K, feature: Features[K]): void {
  features[name] = feature
}

/** @throws {TypeError} for a layout that was not made by the function of that name */
export function feature<K extends keyof Features>(name: K): Features[K] {
  const added = features[name]
  if (added !== undefined) return added
  throw new TypeError(
    `this layout needs ${name === 'text' || name === 'strings' ? `with({ …: '${name}' })` : `${name}()`} of unplugin-bpf/codec, which made none here`,
  )
}

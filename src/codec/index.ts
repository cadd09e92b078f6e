/**
 * Codecs, layouts and live views: C values as JavaScript values. It runs in a browser too.
 * @module unplugin-bpf/codec
 */
export { codec } from './codec.ts'
export type { Codec } from './codec.ts'
export type { Field } from './fields.ts'
export type { In, Integer, Union } from './input.ts'
export { jsonReplacer } from './json.ts'
export * from './layout.ts'
export { safe } from './safe.ts'
export type { SafeIntegers } from './safe.ts'
export { union } from './union.ts'
export { bits } from './bits.ts'
export type { Bits } from './bits.ts'
export type { Form } from './forms.ts'
export { snapshot } from './view-location.ts'
export type { Live, View, ViewArray } from './view.ts'

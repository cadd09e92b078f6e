/*
 * JavaScript's own functions as they were when this module was loaded. Where native memory is at stake no others are
 * called: whatever is put into a global or a prototype later would be handed that memory, or would say how long ours is.
 */

export const apply: typeof Reflect.apply = Reflect.apply
export const construct: typeof Reflect.construct = Reflect.construct
export const ceil: typeof Math.ceil = Math.ceil
export const floor: typeof Math.floor = Math.floor
export const max: typeof Math.max = Math.max
export const min: typeof Math.min = Math.min
export const atomicLoad: typeof Atomics.load = Atomics.load
export const atomicStore: typeof Atomics.store = Atomics.store
export const atomicExchange: typeof Atomics.exchange = Atomics.exchange
export const atomicCompareExchange: typeof Atomics.compareExchange = Atomics.compareExchange
export const toNumber: typeof Number = Number
export const toBigInt: typeof BigInt = BigInt
export const Bytes: typeof Uint8Array = Uint8Array
export const Buffer: typeof ArrayBuffer = ArrayBuffer

/** A class with the methods of another, which nobody can replace. */
function lockedClass<C extends new (...args: never[]) => object>(Base: C): C {
  // @ts-expect-error TS2545: a mixin would take any arguments; these stay the base's.
  class Locked extends Base {}
  const methods = Object.getOwnPropertyDescriptors(Base.prototype) as PropertyDescriptorMap
  Object.defineProperties(Locked.prototype, methods)
  Object.freeze(Locked.prototype)
  return Object.freeze(Locked)
}

/** DataView. */
export const Memory: DataViewConstructor = /*#__PURE__*/ lockedClass(DataView)
export type Memory = DataView

/** WeakMap. */
export const Memo: WeakMapConstructor = /*#__PURE__*/ lockedClass(WeakMap)

/** FinalizationRegistry. */
export const Collected: FinalizationRegistryConstructor =
  /*#__PURE__*/ lockedClass(FinalizationRegistry)

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
const { set } = typedArray

function getter(name: string | symbol): () => unknown {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown
}
const tag = /*#__PURE__*/ getter(Symbol.toStringTag)
const length = /*#__PURE__*/ getter('length')

/** Of any realm: test environments have a Uint8Array of their own. What only pretends to be one is none. */
export function isBytes(value: unknown): value is Uint8Array {
  return apply(tag, value, []) === 'Uint8Array'
}

/** How many bytes there really are: an object's own `length` may say anything. @throws {TypeError} for no typed array */
export function lengthOfBytes(bytes: Uint8Array): number {
  return apply(length, bytes, []) as number
}

/** `target.set(source, offset)` */
export function setBytes(target: Uint8Array, source: Uint8Array, offset = 0): void {
  apply(set, target, [source, offset])
}

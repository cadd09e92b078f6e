import { createRequire } from 'node:module'

type Callable = (...args: unknown[]) => unknown
type Methods = Record<string | symbol, unknown>

const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect
const { isView } = ArrayBuffer
const has = WeakSet.prototype.has
const isBuffer = (value: unknown): value is ArrayBuffer =>
  value instanceof ArrayBuffer || value instanceof SharedArrayBuffer
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const bufferOf = [DataView.prototype, typedArray].map(
  (prototype) => getOwnPropertyDescriptor(prototype, 'buffer')?.get as () => ArrayBuffer,
)

/** Functions that users can replace and the runtime may call. */
const owners: Readonly<Record<string, object>> = {
  Array,
  'Array.prototype': Array.prototype,
  'Array iterator': Object.getPrototypeOf([].values()) as object,
  ArrayBuffer,
  'ArrayBuffer.prototype': ArrayBuffer.prototype,
  Atomics,
  BigInt,
  DataView,
  'DataView.prototype': DataView.prototype,
  'FinalizationRegistry.prototype': FinalizationRegistry.prototype,
  Map,
  'Map.prototype': Map.prototype,
  Math,
  Number,
  Object,
  Promise,
  'Promise.prototype': Promise.prototype,
  Reflect,
  'RegExp.prototype': RegExp.prototype,
  'Set.prototype': Set.prototype,
  String,
  'String.prototype': String.prototype,
  'TextDecoder.prototype': TextDecoder.prototype,
  'TextEncoder.prototype': TextEncoder.prototype,
  TypedArray: Object.getPrototypeOf(Uint8Array) as object,
  'TypedArray.prototype': typedArray,
  'Uint8Array.prototype': Uint8Array.prototype,
  'WeakMap.prototype': WeakMap.prototype,
  'WeakRef.prototype': WeakRef.prototype,
  'WeakSet.prototype': WeakSet.prototype,
}

/** Native memory, and JavaScript's own that C was given the address of: whatever went through koffi. */
const native = new WeakSet<object>()

export function watchKoffi(): void {
  const { default: koffi } = createRequire(import.meta.url)('koffi') as { default: Methods }
  const { view, address } = koffi as { view: Callable; address: Callable }
  koffi['view'] = (...args: unknown[]) => {
    const buffer = view(...args) as ArrayBuffer
    native.add(buffer)
    return buffer
  }
  koffi['address'] = (...args: unknown[]) => {
    if (isBuffer(args[0])) native.add(args[0])
    return address(...args)
  }
}

/** Memory that C knows the address of, or a view of it. */
export function isNative(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBuffer(value)) return apply(has, native, [value])
  if (!isView(value)) return false
  for (let i = 0; i < 2; i++) {
    try {
      return apply(has, native, [apply(bufferOf[i] as Callable, value, [])])
    } catch {
      // The other kind of view.
    }
  }
  return false
}

/**
 * Runs something while each function of JavaScript's own is one that looks at what it is given.
 * @returns those that were given native memory
 */
export function spied(run: () => void): string[] {
  const leaks: string[] = []
  const undo: (() => void)[] = []
  let within = false
  for (const [title, owner] of Object.entries(owners)) {
    for (const key of ownKeys(owner)) {
      const before = getOwnPropertyDescriptor(owner, key)
      if (key === 'constructor' || before?.configurable !== true) continue
      const spy = (original: Callable): Callable =>
        function (this: unknown, ...args: unknown[]) {
          if (!within) {
            within = true
            let seen = isNative(this)
            for (let i = 0; i < args.length; i++) seen = seen || isNative(args[i])
            if (seen) leaks[leaks.length] = `${title}.${String(key)}`
            within = false
          }
          return apply(original, this, args)
        }
      const { value, get } = before
      if (typeof value === 'function') defineProperty(owner, key, { ...before, value: spy(value) })
      else if (get) defineProperty(owner, key, { ...before, get: spy(get) as () => unknown })
      else continue
      undo[undo.length] = () => defineProperty(owner, key, before)
    }
  }
  try {
    run()
  } finally {
    for (let i = 0; i < undo.length; i++) undo[i]?.()
  }
  return [...new Set(leaks)]
}

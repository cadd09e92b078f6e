import { array, type ArrayLayout, type BytesLayout, strideOf, u8 } from './layout.ts'
import { memoryCodec } from './memory-codec.ts'
import { isScalar, readScalar } from './scalar.ts'
import { availableElements } from './size.ts'
import { rangeError } from './value-path.ts'
import {
  assigner,
  inspector,
  inspectSymbol,
  registerView,
  availableBytes,
  type ViewLocation,
  encodeStaged,
  copyMembers,
} from './view-location.ts'
import { requireArray } from './write.ts'

/** Makes the `ViewArray` of an array at a location; `readerOf` makes the function that reads an element. */
export function viewArray(
  layout: ArrayLayout | BytesLayout,
  location: ViewLocation,
  readerOf: (location: ViewLocation) => () => unknown,
): object {
  const { target, offset, path } = location
  const all = layout.kind === 'bytes' ? array(u8, layout.length) : layout
  const { element } = all
  const size = strideOf(all)
  const length = (): number => availableElements(availableBytes(location), layout.length, size)
  const offsetOf = (index: number): number => target.base + offset + index * size
  const elementLocation = (key: number): ViewLocation => ({
    layout: element,
    target,
    offset: offset + key * size,
    last: false,
    path: { parent: path, key },
  })

  const views: (() => unknown)[] = []
  const read = (index: number): unknown =>
    isScalar(element)
      ? readScalar(element, undefined, target.memory, offsetOf(index))
      : (views[index] ??= readerOf(elementLocation(index)))()

  const methods = {
    get length() {
      return length()
    },
    set(values: unknown, from = 0): void {
      const count = requireArray(values, path).length
      if (!Number.isInteger(from) || from < 0 || from + count > length()) {
        throw rangeError(
          path,
          `${count} elements from index ${from} on do not fit, the array has ${length()}`,
        )
      }
      const some = { ...all, length: count }
      copyMembers(some, encodeStaged(some, values, path), target.memory, offsetOf(from))
    },
    fill(value: unknown, from?: number, to?: number): void {
      const [start, end] = bounds(length(), from, to)
      const staged = encodeStaged(element, value, { parent: path, key: start })
      for (let i = start; i < end; i++) copyMembers(element, staged, target.memory, offsetOf(i))
    },
    slice(from?: number, to?: number): unknown[] {
      const [start, end] = bounds(length(), from, to)
      const { decode } = memoryCodec(element)
      return Array.from({ length: end - start }, (_, i) =>
        decode(target.memory, offsetOf(start + i)),
      )
    },
    toArray: () => methods.slice(),
    // Elements as views: a view of bytes becomes a list in JSON, where a Uint8Array would become an object.
    toJSON: () => [...methods],
    *[Symbol.iterator]() {
      for (let i = 0; i < length(); i++) yield read(i)
    },
    [inspectSymbol]: inspector(location),
  }

  // Object.keys lists the indexes alone, as an array's.
  const view = new Proxy(methods, {
    get(_, key) {
      const index = toIndex(key)
      if (index === undefined) return Reflect.get(methods, key)
      return index >= 0 && index < length() ? read(index) : undefined
    },
    set(_, key, value) {
      const index = toIndex(key)
      if (index === undefined) return false
      if (index < 0 || index >= length()) {
        throw rangeError({ parent: path, key: index }, `no such element, the array has ${length()}`)
      }
      assigner(elementLocation(index))(value)
      return true
    },
    has(_, key) {
      const index = toIndex(key)
      return index === undefined ? key in methods : index >= 0 && index < length()
    },
    ownKeys: () => Array.from({ length: length() }, (_, i) => String(i)),
    getOwnPropertyDescriptor(_, key) {
      const index = toIndex(key)
      if (index === undefined || index < 0 || index >= length()) return undefined
      return { value: read(index), writable: true, enumerable: true, configurable: true }
    },
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  })
  return registerView(view, location)
}

function toIndex(key: string | symbol): number | undefined {
  if (typeof key === 'symbol') return undefined
  const index = Number(key)
  return Number.isInteger(index) && String(index) === key ? index : undefined
}

/** Returns the bounds of `slice` and `fill` as arrays understand them: negative ones count from the end. */
function bounds(length: number, from = 0, to = length): [start: number, end: number] {
  const inside = (index: number): number =>
    Math.min(Math.max(Math.trunc(index < 0 ? length + index : index) || 0, 0), length)
  const start = inside(from)
  return [start, Math.max(start, inside(to))]
}

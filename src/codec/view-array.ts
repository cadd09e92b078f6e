import { compiled } from './compiled.ts'
import { heldBy } from './extent.ts'
import { array, type ArrayLayout, type BytesLayout, strideOf, u8 } from './layout.ts'
import { rangeError } from './path.ts'
import { isScalar, readScalar } from './scalar.ts'
import {
  assigns,
  inspector,
  inspectSymbol,
  register,
  bytesLeft,
  type ViewLocation,
  encodeAside,
  copyInto,
} from './view-location.ts'
import { requireArray } from './write.ts'

/** What `ViewArray` promises, for an array at a spot; `readerOf` makes what reads an element. */
export function viewArray(
  layout: ArrayLayout | BytesLayout,
  spot: ViewLocation,
  readerOf: (spot: ViewLocation) => () => unknown,
): object {
  const { aim, offset, path } = spot
  const all = layout.kind === 'bytes' ? array(u8, layout.length) : layout
  const { element } = all
  const size = strideOf(all)
  const length = (): number => heldBy(bytesLeft(spot), layout.length, size)
  const at = (index: number): number => aim.base + offset + index * size
  const elementSpot = (key: number): ViewLocation => ({
    layout: element,
    aim,
    offset: offset + key * size,
    last: false,
    path: { parent: path, key },
  })

  const views: (() => unknown)[] = []
  const read = (index: number): unknown =>
    isScalar(element)
      ? readScalar(element, undefined, aim.memory, at(index))
      : (views[index] ??= readerOf(elementSpot(index)))()

  const methods = {
    get length() {
      return length()
    },
    set(values: unknown, from = 0): void {
      const count = requireArray(values, path).length
      if (!Number.isInteger(from) || from < 0 || from + count > length()) {
        throw rangeError(path, `${count} elements at ${from} do not fit the ${length()} there are`)
      }
      const some = { ...all, length: count }
      copyInto(some, encodeAside(some, values, path), aim.memory, at(from))
    },
    fill(value: unknown, from?: number, to?: number): void {
      const [start, end] = bounds(length(), from, to)
      const staged = encodeAside(element, value, { parent: path, key: start })
      for (let i = start; i < end; i++) copyInto(element, staged, aim.memory, at(i))
    },
    slice(from?: number, to?: number): unknown[] {
      const [start, end] = bounds(length(), from, to)
      const { decode } = compiled(element)
      return Array.from({ length: end - start }, (_, i) => decode(aim.memory, at(start + i)))
    },
    toArray: () => methods.slice(),
    // Elements as views, which tell JSON more than values: of bytes a list.
    toJSON: () => [...methods],
    *[Symbol.iterator]() {
      for (let i = 0; i < length(); i++) yield read(i)
    },
    [inspectSymbol]: inspector(spot),
  }

  // What has indexes only is listed by them, as an array would be.
  const view = new Proxy(methods, {
    get(target, key) {
      const index = toIndex(key)
      if (index === undefined) return Reflect.get(target, key)
      return index >= 0 && index < length() ? read(index) : undefined
    },
    set(_, key, value) {
      const index = toIndex(key)
      if (index === undefined) return false
      if (index < 0 || index >= length()) {
        throw rangeError({ parent: path, key: index }, `there are ${length()} elements`)
      }
      assigns(elementSpot(index))(value)
      return true
    },
    has(target, key) {
      const index = toIndex(key)
      return index === undefined ? key in target : index >= 0 && index < length()
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
  return register(view, spot)
}

function toIndex(key: string | symbol): number | undefined {
  if (typeof key === 'symbol') return undefined
  const index = Number(key)
  return Number.isInteger(index) && String(index) === key ? index : undefined
}

/** Of `slice` and `fill`, as arrays have them: negative ones count from the end. */
function bounds(length: number, from = 0, to = length): [start: number, end: number] {
  const inside = (index: number): number =>
    Math.min(Math.max(Math.trunc(index < 0 ? length + index : index) || 0, 0), length)
  const start = inside(from)
  return [start, Math.max(start, inside(to))]
}

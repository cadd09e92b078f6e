import type { Bits } from './bits.ts'
import { compiled } from './compiled.ts'
import { coverage } from './coverage.ts'
import { heldBy } from './extent.ts'
import { Buffer, Memo, Memory } from './intrinsics.ts'
import { type Layout, sizeOf, strideOf } from './layout.ts'
import { copyWhole } from './memory.ts'
import type { Path } from './path.ts'
import { scalarWriter } from './scalar-writer.ts'
import { isScalar } from './scalar.ts'
import type { View, ViewArray } from './view.ts'
import { writerOf } from './write.ts'

/** What a view looks at. All views inside it share this, so that aiming anew is a few stores. */
export interface ViewTarget {
  memory: DataView
  /** Bytes from the memory's start to the view's. */
  base: number
  /** Bytes from the view's start on that may be read. */
  available: number
}

/** A value's place in what a view looks at. */
export interface ViewLocation {
  readonly layout: Layout
  readonly bits?: Bits | undefined
  readonly aim: ViewTarget
  /** Bytes from the view's start. */
  readonly offset: number
  /** It has what comes of a record that ends early or goes on. */
  readonly last: boolean
  readonly path: Path | undefined
}

/** Bytes that came for a last array, undefined for what is always whole. */
export function bytesLeft({ last, aim, offset }: ViewLocation): number | undefined {
  return last ? aim.available - offset : undefined
}

/** The value's bytes, for `store`; throws when it is not one of the layout's. */
export function encodeAside(layout: Layout, value: unknown, path: Path | undefined): DataView {
  const size = sizeOf(layout)
  const staged = new Memory(new Buffer(size))
  writerOf(layout)(value, staged, 0, path, size)
  return staged
}

export function copyInto(layout: Layout, staged: DataView, memory: DataView, at: number): void {
  for (const [start, end] of coverage(layout)) copyWhole(staged, memory, at, start, end)
}

/** What writes a copy of a value to the spot, or throws and writes nothing. */
export function assigns(spot: ViewLocation): (value: unknown) => void {
  const { layout, bits, aim, offset, path } = spot
  if (isScalar(layout)) {
    const write = scalarWriter(layout, bits)
    return (value) => write(value, aim.memory, aim.base + offset, path)
  }
  return (value) => {
    const there = held(spot)
    copyInto(there, encodeAside(there, value, path), aim.memory, aim.base + offset)
  }
}

/** A flexible array as long as what is there for it. */
function held(spot: ViewLocation): Layout {
  const { layout } = spot
  if (!('length' in layout) || layout.length > 0) return layout
  const size = layout.kind === 'array' ? strideOf(layout) : 1
  return { ...layout, length: heldBy(bytesLeft(spot), 0, size) }
}

const spots = new Memo<object, ViewLocation>()

export function register<T extends object>(view: T, spot: ViewLocation): T {
  spots.set(view, spot)
  return view
}

/** The plain value that a view shows now. TypeError for what is no view. */
export function snapshot<T>(view: ViewArray<T>): T[]
export function snapshot<T>(view: View<T>): T
export function snapshot(view: object): unknown {
  const spot = spots.get(view)
  if (!spot) throw new TypeError('snapshot() takes a view of live memory')
  return valueAt(spot)
}

function valueAt(spot: ViewLocation): unknown {
  const { layout, aim, offset } = spot
  return compiled(layout).decode(aim.memory, aim.base + offset, bytesLeft(spot))
}

/** How `console.log` shows a view in Node, Deno and Bun: its value. A report must not fail over it. */
export const inspectSymbol: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

export function inspector(spot: ViewLocation): () => unknown {
  return () => {
    try {
      return valueAt(spot)
    } catch (error) {
      return `[${String(error)}]`
    }
  }
}

const target = {}

/**
 * An object without a prototype of which structuredClone and postMessage make no copy that looks live: they refuse a
 * WeakRef. The prototype is taken off afterwards, because V8 looks the properties of an object created without one up in
 * a hash table, ten times as slow.
 */
export function uncloneable(): object {
  return Object.setPrototypeOf(new WeakRef(target), null)
}

import type { Bits } from './bits.ts'
import { Buffer, Memo, Memory } from './intrinsics.ts'
import { type Layout, sizeOf, strideOf } from './layout.ts'
import { memberRanges } from './member-ranges.ts'
import { memoryCodec } from './memory-codec.ts'
import { copyAligned } from './memory.ts'
import { scalarWriter } from './scalar-writer.ts'
import { isScalar } from './scalar.ts'
import { availableElements } from './size.ts'
import type { ValuePath } from './value-path.ts'
import type { View, ViewArray } from './view.ts'
import { writerOf } from './write.ts'

/** The memory that a view shows. All views inside it share this object, so that pointing them elsewhere is a few stores. */
export interface ViewTarget {
  memory: DataView
  /** Bytes from the memory's start to the view's. */
  base: number
  /** Bytes that may be read from the view's start on. */
  available: number
}

/** The location of a value in the memory that a view shows. */
export interface ViewLocation {
  readonly layout: Layout
  readonly bits?: Bits | undefined
  readonly target: ViewTarget
  /** Bytes from the view's start. */
  readonly offset: number
  /** True when the value ends the record, so that it gets the rest of one that is shorter or longer than its type. */
  readonly last: boolean
  readonly path: ValuePath | undefined
}

/** Returns the bytes there are for a last array, and undefined for a value that is always whole. */
export function availableBytes({ last, target, offset }: ViewLocation): number | undefined {
  return last ? target.available - offset : undefined
}

/** Encodes a value into new memory, for `copyMembers`; throws when it does not fit the layout. */
export function encodeStaged(
  layout: Layout,
  value: unknown,
  path: ValuePath | undefined,
): DataView {
  const size = sizeOf(layout)
  const staged = new Memory(new Buffer(size))
  writerOf(layout)(value, staged, 0, path, size)
  return staged
}

/** Copies the bytes of all members to `offset`, and leaves those between them alone. */
export function copyMembers(
  layout: Layout,
  staged: DataView,
  memory: DataView,
  offset: number,
): void {
  for (const { start, end } of memberRanges(layout)) copyAligned(staged, memory, offset, start, end)
}

/** Returns the function that writes a copy of a value to the location, or throws and writes nothing. */
export function assigner(location: ViewLocation): (value: unknown) => void {
  const { layout, bits, target, offset, path } = location
  if (isScalar(layout)) {
    const write = scalarWriter(layout, bits)
    return (value) => write(value, target.memory, target.base + offset, path)
  }
  return (value) => {
    const actual = withActualLength(location)
    copyMembers(actual, encodeStaged(actual, value, path), target.memory, target.base + offset)
  }
}

/** Returns the layout of a flexible array with as many elements as there are bytes for. */
function withActualLength(location: ViewLocation): Layout {
  const { layout } = location
  if (!('length' in layout) || layout.length > 0) return layout
  const size = layout.kind === 'array' ? strideOf(layout) : 1
  return { ...layout, length: availableElements(availableBytes(location), 0, size) }
}

const locations = new Memo<object, ViewLocation>()

export function registerView<T extends object>(view: T, location: ViewLocation): T {
  locations.set(view, location)
  return view
}

/** Returns the plain value that a view shows now. @throws {TypeError} when `view` is not a view */
export function snapshot<T>(view: ViewArray<T>): T[]
export function snapshot<T>(view: View<T>): T
export function snapshot(view: object): unknown {
  const location = locations.get(view)
  if (!location) {
    throw new TypeError(
      'snapshot() takes a view of live memory, such as skeleton.bss, and this is not one',
    )
  }
  return valueAt(location)
}

function valueAt(location: ViewLocation): unknown {
  const { layout, target, offset } = location
  return memoryCodec(layout).decode(target.memory, target.base + offset, availableBytes(location))
}

/** The method with which `console.log` of Node, Deno and Bun shows a view as its value. */
export const inspectSymbol: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** Returns that method; it never throws, so that logging a view cannot fail. */
export function inspector(location: ViewLocation): () => unknown {
  return () => {
    try {
      return valueAt(location)
    } catch (error) {
      return `[${String(error)}]`
    }
  }
}

const referent = {}

/**
 * Makes an object without a prototype that structuredClone and postMessage refuse, because they refuse a WeakRef: a
 * copy would look live and not be. The prototype is removed afterwards, because V8 keeps the properties of an object
 * created without one in a hash table, ten times as slow.
 */
export function uncloneableObject(): object {
  return Object.setPrototypeOf(new WeakRef(referent), null)
}

import { heldBy } from './extent.ts'
import { type CompositeLayout, type Layout, sizeOf } from './layout.ts'
import { flatMembers, isComposite } from './members.ts'
import { charsReaders } from './read.ts'
import { isScalar, scalarReader } from './scalar.ts'
import { type Aim, assign, inspector, inspectSymbol, register, rest, type Spot } from './spot.ts'
import { viewArray } from './view-array.ts'
import type { Live } from './view.ts'

export interface LiveView<T> {
  /** Of a struct, a union or an array the one view there is; of other layouts the value there is now. */
  readonly view: Live<T>
  /**
   * Aims the view, and all it gave out, at another place. `available`: the bytes from there on, when they
   * are other than the layout's size because a record ends early or goes on in a flexible array.
   */
  point(memory: DataView, offset: number, available?: number): void
}

/**
 * A view of `memory` at `offset`. Aiming it anew is cheap, making one is not, and code that reads many
 * views slows down (each has a shape of its own): walkers make one and keep it.
 */
export function liveView<T>(layout: Layout, memory: DataView, offset = 0): LiveView<T> {
  const size = sizeOf(layout)
  const aim: Aim = { memory, base: offset, available: size }
  const get = reader({ layout, aim, offset: 0, last: true, path: undefined })
  return {
    get view() {
      return get() as Live<T>
    },
    point(memory, offset, available = size) {
      aim.memory = memory
      aim.base = offset
      aim.available = available
    },
  }
}

/** What gives the value or the view at a spot. */
function reader(spot: Spot): () => unknown {
  const { layout, bits, aim, offset } = spot
  if (isScalar(layout)) {
    const read = scalarReader(layout, bits)
    return () => read(aim.memory, aim.base + offset)
  }
  if (layout.kind === 'chars') {
    const read = charsReaders[layout.as ?? 'chars']
    return () => read(aim.memory, aim.base + offset, heldBy(rest(spot), layout.length, 1))
  }
  let view: object | undefined
  return () =>
    (view ??= isComposite(layout) ? structView(layout, spot) : viewArray(layout, spot, reader))
}

const target = {}

function structView(layout: CompositeLayout, spot: Spot): object {
  // A WeakRef, because structuredClone and postMessage refuse one: of a plain object they would make a
  // copy that looks live. Its prototype is taken off afterwards, because V8 looks the properties of an
  // object created without one up in a hash table, ten times as slow.
  const view: object = Object.setPrototypeOf(new WeakRef(target), null)
  for (const { name, offset, layout: type, bits, last } of flatMembers(layout)) {
    const member: Spot = {
      layout: type,
      bits,
      aim: spot.aim,
      offset: spot.offset + offset,
      last: last && spot.last,
      path: { parent: spot.path, key: name },
    }
    Object.defineProperty(view, name, {
      enumerable: true,
      get: reader(member),
      set: (value) => {
        assign(member, value)
      },
    })
  }
  Object.defineProperty(view, inspectSymbol, { value: inspector(spot) })
  return register(Object.seal(view), spot)
}

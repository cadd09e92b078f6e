import { heldBy } from './extent.ts'
import { type Environment, generate } from './generate.ts'
import { Memo } from './intrinsics.ts'
import { type CompositeLayout, type Layout, sizeOf } from './layout.ts'
import { flatMembers, isComposite } from './members.ts'
import { ownLayout } from './own-layout.ts'
import { charsReader } from './read.ts'
import { scalarSource } from './scalar-source.ts'
import { isScalar, readScalar } from './scalar.ts'
import { viewArray } from './view-array.ts'
import {
  type ViewTarget,
  assigns,
  inspector,
  inspectSymbol,
  register,
  bytesLeft,
  type ViewLocation,
  uncloneable,
} from './view-location.ts'
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
export function liveView<T>(given: Layout, memory: DataView, offset = 0): LiveView<T> {
  const layout = ownLayout(given)
  const size = sizeOf(layout)
  const aim: ViewTarget = { memory, base: offset, available: size }
  const get = reader({ layout, aim, offset: 0, last: true, path: undefined }) as () => Live<T>
  const point: LiveView<T>['point'] = (memory, offset, available = size) => {
    aim.memory = memory
    aim.base = offset
    aim.available = available
  }
  if (isScalar(layout) || layout.kind === 'chars') {
    return {
      get view() {
        return get()
      },
      point,
    }
  }
  // Not a getter: V8 calls the methods of an object that has one three times as slowly.
  return { view: get(), point }
}

/** What gives the value or the view at a spot. */
function reader(spot: ViewLocation): () => unknown {
  const { layout, bits, aim, offset } = spot
  if (isScalar(layout)) return () => readScalar(layout, bits, aim.memory, aim.base + offset)
  if (layout.kind === 'chars') {
    const read = charsReader(layout)
    return () => read(aim.memory, aim.base + offset, heldBy(bytesLeft(spot), layout.length, 1))
  }
  let view: object | undefined
  return () =>
    (view ??= isComposite(layout) ? structView(layout, spot) : viewArray(layout, spot, reader))
}

type MakeReaders = (aim: ViewTarget, offset: number) => ReadonlyMap<string, () => unknown>
const generated = new Memo<CompositeLayout, MakeReaders | undefined>()

/**
 * What reads the scalar members of a composite at an offset, by name. Generated for each layout: V8 keeps
 * what it learns of a call with the code, and code shared by all views sees too many kinds of memory.
 */
function scalarReaders(layout: CompositeLayout): MakeReaders | undefined {
  let make = generated.get(layout)
  if (!generated.has(layout)) {
    const environment: Environment = {}
    const readers = flatMembers(layout).flatMap(({ name, offset, layout: type, bits }) =>
      isScalar(type)
        ? `[${JSON.stringify(name)},()=>${scalarSource(type, 'a.memory', `a.base+b+${offset}`, bits, environment)}]`
        : [],
    )
    make = generate(`return(a,b)=>new Map([${readers}])`, environment) as typeof make
    generated.set(layout, make)
  }
  return make
}

function structView(layout: CompositeLayout, spot: ViewLocation): object {
  const view = uncloneable()
  const readers = scalarReaders(layout)?.(spot.aim, spot.offset)
  for (const { name, offset, layout: type, bits, last } of flatMembers(layout)) {
    const member: ViewLocation = {
      layout: type,
      bits,
      aim: spot.aim,
      offset: spot.offset + offset,
      last: last && spot.last,
      path: { parent: spot.path, key: name },
    }
    let assign: ((value: unknown) => void) | undefined
    Object.defineProperty(view, name, {
      enumerable: true,
      get: readers?.get(name) ?? reader(member),
      set(value) {
        assign ??= assigns(member)
        assign(value)
      },
    })
  }
  Object.defineProperty(view, inspectSymbol, { value: inspector(spot) })
  return register(Object.seal(view), spot)
}

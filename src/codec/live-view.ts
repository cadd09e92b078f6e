import { checkedLayout } from './checked-layout.ts'
import { type Environment, evaluate } from './evaluate.ts'
import { Memo } from './intrinsics.ts'
import { type CompositeLayout, type Layout, sizeOf } from './layout.ts'
import { flatMembers, isComposite } from './members.ts'
import { charsReader } from './read.ts'
import { scalarSource } from './scalar-source.ts'
import { isScalar, readScalar } from './scalar.ts'
import { availableElements } from './size.ts'
import { viewArray } from './view-array.ts'
import {
  type ViewTarget,
  assigner,
  inspector,
  inspectSymbol,
  registerView,
  availableBytes,
  type ViewLocation,
  uncloneableObject,
} from './view-location.ts'
import type { Live } from './view.ts'

export interface LiveView<T> {
  /** The view of a struct, a union or an array, always the same object; for other layouts, the current value. */
  readonly view: Live<T>
  /**
   * Points the view, and all views made from it, at another location. `available` is the number of bytes from there
   * on, where a record is shorter or longer than its layout.
   */
  point(memory: DataView, offset: number, available?: number): void
}

/**
 * Makes a view of `memory` at `offset`. Pointing it elsewhere is cheap, making one is not, and V8 slows down code
 * that reads many views, because each has a hidden class of its own: a loop over records makes one and keeps it.
 */
export function liveView<T>(given: Layout, memory: DataView, offset = 0): LiveView<T> {
  const layout = checkedLayout(given)
  const size = sizeOf(layout)
  const target: ViewTarget = { memory, base: offset, available: size }
  const get = reader({
    layout,
    target,
    offset: 0,
    last: true,
    path: undefined,
  }) as () => Live<T>
  const point: LiveView<T>['point'] = (memory, offset, available = size) => {
    target.memory = memory
    target.base = offset
    target.available = available
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

/** Returns the function that reads the value at a location, or returns its view. */
function reader(location: ViewLocation): () => unknown {
  const { layout, bits, target, offset } = location
  if (isScalar(layout)) return () => readScalar(layout, bits, target.memory, target.base + offset)
  if (layout.kind === 'chars') {
    const read = charsReader(layout)
    return () =>
      read(
        target.memory,
        target.base + offset,
        availableElements(availableBytes(location), layout.length, 1),
      )
  }
  let view: object | undefined
  return () =>
    (view ??= isComposite(layout)
      ? structView(layout, location)
      : viewArray(layout, location, reader))
}

type MakeReaders = (target: ViewTarget, offset: number) => ReadonlyMap<string, () => unknown>
const generated = new Memo<CompositeLayout, MakeReaders | undefined>()

/**
 * Makes the functions that read the scalar members of a composite, by name. They are generated for each layout: V8
 * keeps type feedback with the code, and code shared by all views would see too many kinds of memory.
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
    make = evaluate(`return(a,b)=>new Map([${readers}])`, environment) as typeof make
    generated.set(layout, make)
  }
  return make
}

function structView(layout: CompositeLayout, location: ViewLocation): object {
  const view = uncloneableObject()
  const readers = scalarReaders(layout)?.(location.target, location.offset)
  for (const { name, offset, layout: type, bits, last } of flatMembers(layout)) {
    const member: ViewLocation = {
      layout: type,
      bits,
      target: location.target,
      offset: location.offset + offset,
      last: last && location.last,
      path: { parent: location.path, key: name },
    }
    let assign: ((value: unknown) => void) | undefined
    Object.defineProperty(view, name, {
      enumerable: true,
      get: readers?.get(name) ?? reader(member),
      set(value) {
        assign ??= assigner(member)
        assign(value)
      },
    })
  }
  Object.defineProperty(view, inspectSymbol, { value: inspector(location) })
  return registerView(Object.seal(view), location)
}

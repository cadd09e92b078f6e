import type { DuplicateDescriptor } from '../descriptors/duplicate.ts'
import { close as closeDescriptor } from '../ffi/libc.ts'
import { KeepAlive } from '../lifetime/keep-alive.ts'
import { Lifecycle } from '../lifetime/lifecycle.ts'
import { MapHandle } from './handle.ts'
import { readMapInfo } from './info.ts'
import type { BpfMap, MapKind } from './map.ts'

/** A map without a skeleton, which has a descriptor of its own. */
export type Standalone<M extends BpfMap> = M &
  Disposable & {
    /** Closes the descriptor; the map lives on while programs, pins or other maps use it. A second call does nothing. */
    close(): void
  }

/** Closes the descriptor of a handle that is garbage-collected. */
const collected = /*#__PURE__*/ new FinalizationRegistry<{
  fd: number
  lent: DuplicateDescriptor
}>(({ fd, lent }) => {
  lent.close()
  closeDescriptor(fd)
})

/**
 * Makes a map of a descriptor.
 * @param fd which the map closes
 * @param closed called when the map closes
 * @throws {BpfError} when it is not a map's descriptor, which is closed then
 */
export function standalone<M extends BpfMap>(
  kind: MapKind<M>,
  fd: number,
  operation: string,
  closed?: () => void,
): Standalone<M> {
  let handle: MapHandle
  try {
    const { name, id } = readMapInfo(fd, operation, `descriptor ${fd}`)
    const title = `map ${name || '(unnamed)'} (id ${id})`
    const life = new Lifecycle(title, 'was closed; open it again')
    life.stage = 'loaded'
    handle = new MapHandle(name, 0, life, new KeepAlive(), title)
    handle.loaded(fd)
    if (closed) handle.onClose(closed)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  collected.register(handle, { fd, lent: handle.userDescriptor }, handle)
  const close = (): void => {
    if (handle.life.stage === 'destroyed') return
    handle.life.stage = 'destroyed'
    handle.closed()
    collected.unregister(handle)
    closeDescriptor(fd)
  }
  return Object.assign(kind.create(handle), { close, [Symbol.dispose]: close })
}

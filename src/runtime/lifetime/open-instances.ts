interface OpenInstance {
  destroy(): void
}

/** The instances that are open. The references keep a forgotten instance from being collected, which would detach it. */
const instances = new Set<OpenInstance>()
let listener: ((instance: OpenInstance) => void) | undefined

/** @throws what the listener throws, and so `open()` */
export function addInstance(instance: OpenInstance): void {
  instances.add(instance)
  listener?.(instance)
}

export function removeInstance(instance: OpenInstance): void {
  instances.delete(instance)
}

/** Calls `onOpened` with each instance when it is opened; replaces an earlier listener. */
export function onOpen(onOpened: (instance: OpenInstance) => void): void {
  listener = onOpened
}

/** Lists the open instances of this process, oldest first. */
export function openInstances(): readonly object[] {
  return [...instances]
}

/** Destroys all instances, newest first. */
export function destroyAll(): void {
  for (const instance of [...instances].toReversed()) instance.destroy()
}

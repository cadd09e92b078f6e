interface Opened {
  destroy(): void
}

/** What has been opened and not destroyed: nothing detaches because it was forgotten. */
const instances = new Set<Opened>()
let listener: ((instance: Opened) => void) | undefined

/** @throws what the listener throws, and so `open()` */
export function addInstance(instance: Opened): void {
  instances.add(instance)
  listener?.(instance)
}

export function removeInstance(instance: Opened): void {
  instances.delete(instance)
}

/** `heard` is told of each instance when it is opened. */
export function onOpen(heard: (instance: Opened) => void): void {
  listener = heard
}

/** Every instance of this process, oldest first. */
export function openInstances(): readonly object[] {
  return [...instances]
}

/** Newest first; a development server destroys them when it reloads or closes. */
export function destroyAll(): void {
  for (const instance of [...instances].toReversed()) instance.destroy()
}

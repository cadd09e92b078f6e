interface Opened {
  destroy(): void
}

/** What has been opened and not destroyed: nothing detaches because it was forgotten. */
const alive = new Set<Opened>()
let listener: ((instance: Opened) => void) | undefined

/** @throws what the listener throws, and so `open()` */
export function remember(instance: Opened): void {
  alive.add(instance)
  listener?.(instance)
}

export function forget(instance: Opened): void {
  alive.delete(instance)
}

/** `heard` is told of each instance when it is opened. */
export function onOpen(heard: (instance: Opened) => void): void {
  listener = heard
}

/** Every instance of this process, oldest first. */
export function everyInstance(): readonly object[] {
  return [...alive]
}

/** Newest first; a development server destroys them when it reloads or closes. */
export function destroyAll(): void {
  for (const instance of [...alive].toReversed()) instance.destroy()
}

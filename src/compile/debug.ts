import { createDebug } from 'obug'

/** Returns a function that writes a debug line, or undefined if `DEBUG` does not name its scope: `debug?.(…)`. */
export function createDebugger(scope: `unplugin-bpf:${string}`): Debug | undefined {
  const debug = createDebug(scope)
  return debug.enabled ? (format, ...values): void => debug(format, ...values) : undefined
}

export type Debug = (format: string, ...values: unknown[]) => void

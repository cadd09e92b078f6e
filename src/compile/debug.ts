import { createDebug } from 'obug'

/** Writes a line when `DEBUG` names its scope, `undefined` when off: call it as `debug?.(…)`. */
export function createDebugger(scope: `unplugin-bpf:${string}`): Debug | undefined {
  const debug = createDebug(scope)
  return debug.enabled ? (format, ...values): void => debug(format, ...values) : undefined
}

export type Debug = (format: string, ...values: unknown[]) => void

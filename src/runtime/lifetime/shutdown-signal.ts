import { setMaxListeners } from 'node:events'

const signals = ['SIGINT', 'SIGTERM'] as const

let shutdown: AbortController | undefined
let runSignal: (() => AbortSignal | undefined) | undefined

/**
 * Returns a signal that aborts at the first SIGINT or SIGTERM, and when a development server reloads the agent. Handlers
 * are installed from the first call to the first signal; a second signal ends the process as by default.
 */
export function shutdownSignal(): AbortSignal {
  const signalOfRun = runSignal?.()
  if (signalOfRun) return signalOfRun
  if (!shutdown) {
    shutdown = new AbortController()
    // No warning for an agent with many event loops.
    setMaxListeners(0, shutdown.signal)
    for (const signal of signals) process.once(signal, abortShutdown)
  }
  return shutdown.signal
}

function abortShutdown(): void {
  for (const signal of signals) process.off(signal, abortShutdown)
  shutdown?.abort()
}

/** Makes `shutdownSignal()` return the signal of the run that the caller belongs to, where there is one. */
export function provideRunSignal(signalOf: () => AbortSignal | undefined): void {
  runSignal = signalOf
}

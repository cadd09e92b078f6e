import { setMaxListeners } from 'node:events'

const signals = ['SIGINT', 'SIGTERM'] as const

let shutdown: AbortController | undefined
let signalOfRun: (() => AbortSignal | undefined) | undefined

/**
 * Aborts at the first SIGINT or SIGTERM, and when a development server reloads the agent. Handlers are there from the
 * first call to the first signal: a second one ends the process as if nobody listened.
 */
export function shutdownSignal(): AbortSignal {
  const own = signalOfRun?.()
  if (own) return own
  if (!shutdown) {
    shutdown = new AbortController()
    // An agent has as many loops as it likes.
    setMaxListeners(0, shutdown.signal)
    for (const signal of signals) process.once(signal, abortShutdown)
  }
  return shutdown.signal
}

function abortShutdown(): void {
  for (const signal of signals) process.off(signal, abortShutdown)
  shutdown?.abort()
}

/** Where `signalOf` has a signal for the code that asks, that is its `shutdownSignal()`. */
export function signalByRun(signalOf: () => AbortSignal | undefined): void {
  signalOfRun = signalOf
}

const signals = ['SIGINT', 'SIGTERM'] as const

let shutdown: AbortController | undefined

/**
 * Aborts at the first SIGINT or SIGTERM, and when a development server reloads the agent. Handlers are there from the
 * first call to the first signal: a second one ends the process as if nobody listened.
 */
export function shutdownSignal(): AbortSignal {
  if (!shutdown) {
    shutdown = new AbortController()
    for (const signal of signals) process.once(signal, abortShutdown)
  }
  return shutdown.signal
}

/** Ends the loops that wait for the signal; the next `shutdownSignal()` is a new one. */
export function abortShutdown(reason?: unknown): void {
  const ending = shutdown
  shutdown = undefined
  for (const signal of signals) process.off(signal, abortShutdown)
  ending?.abort(typeof reason === 'string' ? new Error(reason) : reason)
}

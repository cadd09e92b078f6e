/**
 * For development servers that run an agent inside their own process: how to end the agent, and
 * detach what it attached, while the process goes on.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import { stateError } from './error.ts'
import { destroyAll, onOpen } from './instances.ts'
import { abortShutdown } from './shutdown-signal.ts'

/** Which run the code that executes belongs to, through all of its awaits, timers and callbacks. */
const current = new AsyncLocalStorage<AgentRun>()

onOpen((instance) => {
  if (!current.getStore()?.ended) return
  instance.destroy()
  throw stateError('open', 'a skeleton', 'a newer run of this agent has replaced this one')
})

/** From the start of an agent to its replacement. */
export class AgentRun {
  ended = false

  /** Calls `main` as this run's. */
  start<T>(main: () => T): T {
    return current.run(this, main)
  }

  /** Aborts `shutdownSignal()`, and lets the agent open nothing more: it may still be starting. */
  interrupt(): void {
    this.ended = true
    abortShutdown('The development server replaces or ends this agent')
  }

  /** Detaches and destroys all skeletons, newest first; loops over their events end. */
  destroy(): void {
    destroyAll()
  }
}

import { AsyncLocalStorage } from 'node:async_hooks'

import { stateError } from '../host/error.ts'
import { destroyAll, onOpen } from '../lifetime/open-instances.ts'
import { signalByRun } from '../lifetime/shutdown-signal.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import { recordAttachments } from './recorded.ts'

/** Which run the code that executes belongs to, through all of its awaits, timers and callbacks. */
const current = new AsyncLocalStorage<AgentRun>()

signalByRun(() => current.getStore()?.signal)
onOpen((instance) => {
  const run = current.getStore()
  if (run?.ended) {
    instance.destroy()
    throw stateError('open', 'a skeleton', 'a newer run of this agent has replaced this one')
  }
  const parts = stateOf(instance)
  if (run && parts) recordAttachments(parts)
})

/** From the start of an agent to its replacement. */
export class AgentRun {
  readonly #shutdown = new AbortController()

  /** What `shutdownSignal()` is for the agent's code. */
  get signal(): AbortSignal {
    return this.#shutdown.signal
  }

  get ended(): boolean {
    return this.signal.aborted
  }

  /** Calls `main` as this run's. */
  start<T>(main: () => T): T {
    return current.run(this, main)
  }

  /** Aborts the signal. From now on the agent opens nothing more, even if it is still starting. */
  interrupt(): void {
    this.#shutdown.abort()
  }

  /** Detaches and destroys all skeletons, newest first; loops over their events end. */
  destroy(): void {
    destroyAll()
  }
}

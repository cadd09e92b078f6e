import { AsyncLocalStorage } from 'node:async_hooks'

import { stateError } from '../host/error.ts'
import { destroyAll, onOpen } from '../lifetime/open-instances.ts'
import { provideRunSignal } from '../lifetime/shutdown-signal.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import { recordAttachCalls } from './attach-calls.ts'

/** The run that the executing code belongs to, through all of its awaits, timers and callbacks. */
const currentRun = new AsyncLocalStorage<AgentRun>()

provideRunSignal(() => currentRun.getStore()?.signal)
onOpen((instance) => {
  const run = currentRun.getStore()
  if (run?.ended) {
    instance.destroy()
    throw stateError('open', 'a skeleton', 'a newer run of this agent has replaced this one')
  }
  const state = stateOf(instance)
  if (run && state) recordAttachCalls(state)
})

/** One run of an agent, from its start to its replacement. */
export class AgentRun {
  readonly #shutdown = new AbortController()

  /** The signal that `shutdownSignal()` returns to the agent's code. */
  get signal(): AbortSignal {
    return this.#shutdown.signal
  }

  get ended(): boolean {
    return this.signal.aborted
  }

  /** Calls `main`; it and all that it starts belong to this run. */
  start<T>(main: () => T): T {
    return currentRun.run(this, main)
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

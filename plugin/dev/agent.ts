import { setTimeout as sleep } from 'node:timers/promises'

import type { DevEnvironment } from 'vite'
import type { ModuleEvaluator, ModuleRunner } from 'vite/module-runner'

import type { AgentRun } from '../../src/runtime/hot.ts'
import { transformGraph } from './module-graph.ts'

/** Time for what an old agent does after its loops, in ms: print a sum, close a server. */
const lastWords = { beforeDestroy: 50, afterDestroy: 250 }

interface Run {
  readonly runner: ModuleRunner
  readonly agent: AgentRun
  /** Settles, never rejects, when the entry's top level is through. */
  readonly through: Promise<void>
}

export interface AgentEvents {
  /** `cause` is what restart() was given. */
  started(cause: string | undefined): void
  /** The new code cannot run; `kept`: the run before goes on. */
  refused(error: Error, kept: boolean): void
  /** Its top level threw. Whatever it had attached is detached. */
  crashed(error: Error): void
}

/**
 * The server module of the option `agent`, run inside the process of `vite dev`. One run at a time:
 * a restart detaches the old run's programs before the new one begins.
 */
export class Agent {
  readonly entry: string
  readonly #environment: DevEnvironment
  readonly #events: AgentEvents
  #run: Run | undefined
  #queue: Promise<void> = Promise.resolve()
  #turn = 0

  constructor(environment: DevEnvironment, entry: string, events: AgentEvents) {
    this.#environment = environment
    this.entry = entry
    this.#events = events
  }

  /** Starts it, or replaces the run there is. Of restarts that wait for one another, one is made. */
  restart(cause?: string): Promise<void> {
    const turn = ++this.#turn
    return this.#enqueue(async () => {
      if (turn !== this.#turn) return
      try {
        await transformGraph(this.#environment, this.entry)
      } catch (error) {
        this.#events.refused(toError(error), this.#run !== undefined)
        return
      }
      await this.#retire()
      await this.#start()
      this.#events.started(cause)
    })
  }

  /** Detaches everything the agent attached. */
  stop(): Promise<void> {
    this.#turn++
    return this.#enqueue(() => this.#retire())
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(task)
    return this.#queue
  }

  async #start(): Promise<void> {
    const { createServerModuleRunner } = await import('vite')
    // The runtime is loaded with the first agent, not with the plugin.
    const { AgentRun } = await import('../../src/runtime/hot.ts')
    const agent = new AgentRun()
    // Vite's own runner would, on a full reload, run the entry again beside the old run, without
    // calling its `dispose` (vite: module-runner's createHMRHandler, 'full-reload'). One runner a run
    // has modules of its own and no HMR; server.ts decides what is replaced.
    const runner = createServerModuleRunner(this.#environment, {
      hmr: false,
      evaluator: await evaluatorOf(agent),
    })
    const through = agent.start(() =>
      runner.import(this.entry).then(
        () => {},
        (error: unknown) => this.#crashed(run, error),
      ),
    )
    const run: Run = { runner, agent, through }
    this.#run = run
  }

  /** By itself the process would have died, and with it what it had attached so far. */
  #crashed(run: Run, error: unknown): void {
    if (run.agent.ended) return
    this.#events.crashed(toError(error))
    void this.#enqueue(async () => {
      if (this.#run === run) await this.#retire()
    })
  }

  async #retire(): Promise<void> {
    const run = this.#run
    if (!run) return
    this.#run = undefined
    const { agent, through, runner } = run
    agent.interrupt()
    await Promise.race([through, sleep(lastWords.beforeDestroy, undefined, { ref: false })])
    agent.destroy()
    await Promise.race([through, sleep(lastWords.afterDestroy, undefined, { ref: false })])
    await runner.close()
  }
}

/** Vite's evaluator, but for a run that ended before its modules were all there: they stay unevaluated. */
async function evaluatorOf(agent: AgentRun): Promise<ModuleEvaluator> {
  const { ESModulesEvaluator } = await import('vite/module-runner')
  const evaluator = new ESModulesEvaluator()
  return {
    startOffset: evaluator.startOffset,
    runExternalModule: (file) => evaluator.runExternalModule(file),
    async runInlinedModule(context, code) {
      agent.signal.throwIfAborted()
      return evaluator.runInlinedModule(context, code)
    },
  }
}

const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown))

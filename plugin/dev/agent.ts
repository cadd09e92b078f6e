import { setTimeout as sleep } from 'node:timers/promises'

import type { DevEnvironment } from 'vite'
import type { ModuleEvaluator, ModuleRunner } from 'vite/module-runner'

import type { AgentRun, Replacement } from '../../src/runtime/hot/index.ts'
import { transformGraph } from './module-graph.ts'

/** Milliseconds that a stopped agent has for what follows its loops: to print a sum, to close a server. */
const gracePeriods = { beforeDestroy: 50, afterDestroy: 250 }

interface Run {
  readonly runner: ModuleRunner
  readonly agent: AgentRun
  /** Resolves, never rejects, when the entry's top level has ended. */
  readonly ended: Promise<void>
}

/** Why an agent restarts, or its program is replaced. */
export interface Cause {
  /** The saved file, relative to Vite's root. */
  readonly file: string
  /** Why the program could not be replaced in place. */
  readonly change?: string | undefined
}

export interface AgentEvents {
  started(cause: Cause | undefined): void
  /** The edited program runs in place of the old one. The agent runs on. */
  replaced(source: string, milliseconds: number, replaced: Replacement): void
  /** The edited program does not load or attach. The old one runs on. */
  replaceFailed(source: string, error: Error): void
  /** The new code cannot run. `oldRuns` tells whether the run before it goes on. */
  startFailed(error: Error, oldRuns: boolean): void
  /** The agent's top level threw. What it had attached is detached. */
  crashed(error: Error): void
}

/**
 * Runs the server module of the option `agent` inside the process of `vite dev`, one run at a time: a restart detaches the
 * old run's programs before the new run begins. An edited program replaces the old one inside the run, unless its types,
 * maps or variables changed.
 */
export class Agent {
  readonly entry: string
  readonly #environment: DevEnvironment
  readonly #events: AgentEvents
  #run: Run | undefined
  #queue: Promise<void> = Promise.resolve()
  /** The requests since the last task began. */
  #pending: PendingWork = noWork

  constructor(environment: DevEnvironment, entry: string, events: AgentEvents) {
    this.#environment = environment
    this.entry = entry
    this.#events = events
  }

  /** Starts the agent, after stopping the one that runs. Restarts that wait for one another are one. */
  restart(cause?: Cause): Promise<void> {
    this.#pending = { cause, restart: true, sources: noWork.sources }
    return this.#enqueue(() => this.#doPending())
  }

  /** Replaces the programs of edited sources, which build. Restarts the agent where they cannot be replaced. */
  replace(sources: readonly string[], cause: Cause): Promise<void> {
    const { restart, sources: others } = this.#pending
    this.#pending = { cause, restart, sources: new Set([...others, ...sources]) }
    return this.#enqueue(() => this.#doPending())
  }

  /** Detaches everything the agent attached. */
  stop(): Promise<void> {
    this.#pending = noWork
    return this.#enqueue(() => this.#stopRun())
  }

  async #doPending(): Promise<void> {
    const { cause, restart, sources } = this.#pending
    this.#pending = noWork
    if (restart || (sources.size > 0 && !this.#run)) {
      await this.#restart(cause)
      return
    }
    for (const source of sources) {
      const change = await this.#replace(source)
      if (change === undefined) continue
      await this.#restart(cause && { ...cause, change })
      return
    }
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(task)
    return this.#queue
  }

  async #restart(cause: Cause | undefined): Promise<void> {
    try {
      await transformGraph(this.#environment, this.entry)
    } catch (error) {
      this.#events.startFailed(toError(error), this.#run !== undefined)
      return
    }
    await this.#stopRun()
    await this.#start()
    this.#events.started(cause)
  }

  /** Replaces the program of one source. Resolves to the reason if the agent has to restart. */
  async #replace(source: string): Promise<string | undefined> {
    const started = performance.now()
    const modules = [...(this.#run?.runner.evaluatedModules.getModulesByFile(source) ?? [])]
    const { Incompatible, replaceSkeleton } = await import('../../src/runtime/hot/index.ts')
    const { sameSections, shapeChange, skeletonExports } = await import('./shape.ts')
    try {
      for (const { url, exports } of modules.filter(({ evaluated }) => evaluated)) {
        const [running, edited] = [exports, await this.#evaluate(url)].map(skeletonExports)
        if (!running || !edited) return `it is imported as ${url}, which is no skeleton`
        const change = shapeChange(running, edited)
        if (change !== undefined) return change
        const isSame = sameSections(running, edited)
        const replaced = await replaceSkeleton(running.default, edited.default, isSame)
        this.#events.replaced(source, Math.round(performance.now() - started), replaced)
      }
    } catch (error) {
      if (error instanceof Incompatible) return error.message
      this.#events.replaceFailed(source, toError(error))
    }
    return undefined
  }

  /** Evaluates the module as it is now, apart from the run's own instance of it. */
  async #evaluate(url: string): Promise<unknown> {
    const { createServerModuleRunner } = await import('vite')
    const runner = createServerModuleRunner(this.#environment, { hmr: false })
    try {
      return await runner.import(url)
    } finally {
      await runner.close()
    }
  }

  async #start(): Promise<void> {
    const { createServerModuleRunner } = await import('vite')
    // The runtime is loaded with the first agent, not with the plugin.
    const { AgentRun } = await import('../../src/runtime/hot/index.ts')
    const agent = new AgentRun()
    // On a full reload Vite's own runner would run the entry again beside the old run, without calling its `dispose`
    // (vite: module-runner's createHMRHandler, 'full-reload'). So each run has a runner, without HMR; server.ts decides
    // what is replaced.
    const runner = createServerModuleRunner(this.#environment, {
      hmr: false,
      evaluator: await evaluatorOf(agent),
    })
    const ended = agent.start(() =>
      runner.import(this.entry).then(
        () => {},
        (error: unknown) => this.#crashed(run, error),
      ),
    )
    const run: Run = { runner, agent, ended }
    this.#run = run
  }

  /** Stops the run. An agent in a process of its own would have died, and its programs would be detached. */
  #crashed(run: Run, error: unknown): void {
    if (run.agent.ended) return
    this.#events.crashed(toError(error))
    void this.#enqueue(async () => {
      if (this.#run === run) await this.#stopRun()
    })
  }

  async #stopRun(): Promise<void> {
    const run = this.#run
    if (!run) return
    this.#run = undefined
    const { agent, ended, runner } = run
    agent.interrupt()
    await Promise.race([ended, sleep(gracePeriods.beforeDestroy, undefined, { ref: false })])
    agent.destroy()
    await Promise.race([ended, sleep(gracePeriods.afterDestroy, undefined, { ref: false })])
    await runner.close()
  }
}

interface PendingWork {
  readonly cause: Cause | undefined
  readonly restart: boolean
  /** The edited sources. */
  readonly sources: ReadonlySet<string>
}

const noWork: PendingWork = { cause: undefined, restart: false, sources: new Set() }

/** Makes Vite's evaluator, which evaluates no more modules once the run has ended. */
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

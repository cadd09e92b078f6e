import { setTimeout as sleep } from 'node:timers/promises'

import type { DevEnvironment } from 'vite'
import type { ModuleEvaluator, ModuleRunner } from 'vite/module-runner'

import type { AgentRun, Replacement } from '../../src/runtime/hot/index.ts'
import { transformGraph } from './module-graph.ts'

/** Time for what an old agent does after its loops, in ms: print a sum, close a server. */
const lastWords = { beforeDestroy: 50, afterDestroy: 250 }

interface Run {
  readonly runner: ModuleRunner
  readonly agent: AgentRun
  /** Settles, never rejects, when the entry's top level is through. */
  readonly through: Promise<void>
}

/** Why an agent starts anew, or its program is replaced. */
export interface Cause {
  /** What was saved, as the user knows it. */
  readonly file: string
  /** Why the program could not be replaced without. */
  readonly change?: string | undefined
}

export interface AgentEvents {
  started(cause: Cause | undefined): void
  /** The edited program runs in the place of the old one, and the agent has noticed nothing. */
  replaced(source: string, milliseconds: number, replaced: Replacement): void
  /** The edited program does not load or attach; the old one runs on. */
  unreplaced(source: string, error: Error): void
  /** The new code cannot run; `kept`: the run before goes on. */
  refused(error: Error, kept: boolean): void
  /** Its top level threw. Whatever it had attached is detached. */
  crashed(error: Error): void
}

/**
 * The server module of the option `agent`, run inside the process of `vite dev`. One run at a time:
 * a restart detaches the old run's programs before the new one begins. An edited program takes the
 * place of the old one inside the run, unless its shape changed.
 */
export class Agent {
  readonly entry: string
  readonly #environment: DevEnvironment
  readonly #events: AgentEvents
  #run: Run | undefined
  #queue: Promise<void> = Promise.resolve()
  /** What is to be done next, for all that asked meanwhile. */
  #wanted: Wanted = nothing

  constructor(environment: DevEnvironment, entry: string, events: AgentEvents) {
    this.#environment = environment
    this.entry = entry
    this.#events = events
  }

  /** Starts it, or replaces the run there is. Of restarts that wait for one another, one is made. */
  restart(cause?: Cause): Promise<void> {
    this.#wanted = { cause, restart: true, sources: nothing.sources }
    return this.#enqueue(() => this.#doWanted())
  }

  /** Replaces the programs of edited sources, which build. Starts the agent anew where that cannot be. */
  replace(sources: readonly string[], cause: Cause): Promise<void> {
    const { restart, sources: others } = this.#wanted
    this.#wanted = { cause, restart, sources: new Set([...others, ...sources]) }
    return this.#enqueue(() => this.#doWanted())
  }

  /** Detaches everything the agent attached. */
  stop(): Promise<void> {
    this.#wanted = nothing
    return this.#enqueue(() => this.#retire())
  }

  async #doWanted(): Promise<void> {
    const { cause, restart, sources } = this.#wanted
    this.#wanted = nothing
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
      this.#events.refused(toError(error), this.#run !== undefined)
      return
    }
    await this.#retire()
    await this.#start()
    this.#events.started(cause)
  }

  /** @returns why the agent has to start anew */
  async #replace(source: string): Promise<string | undefined> {
    const started = performance.now()
    const modules = [...(this.#run?.runner.evaluatedModules.getModulesByFile(source) ?? [])]
    const { Incompatible, replaceSkeleton } = await import('../../src/runtime/hot/index.ts')
    const { sameSections, shapeChange, skeletonExports } = await import('./shape.ts')
    try {
      for (const { url, exports } of modules.filter(({ evaluated }) => evaluated)) {
        const [running, edited] = [exports, await this.#evaluate(url)].map(skeletonExports)
        if (!running || !edited) return `it is imported as ${url}`
        const change = shapeChange(running, edited)
        if (change !== undefined) return change
        const isSame = sameSections(running, edited)
        const replaced = await replaceSkeleton(running.default, edited.default, isSame)
        this.#events.replaced(source, Math.round(performance.now() - started), replaced)
      }
    } catch (error) {
      if (error instanceof Incompatible) return error.message
      this.#events.unreplaced(source, toError(error))
    }
    return undefined
  }

  /** A module as it is now, beside what the run has of it. */
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

interface Wanted {
  readonly cause: Cause | undefined
  readonly restart: boolean
  /** Edited ones. */
  readonly sources: ReadonlySet<string>
}

const nothing: Wanted = { cause: undefined, restart: false, sources: new Set() }

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

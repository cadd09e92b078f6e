import { relative } from 'node:path'

import type {
  DevEnvironment,
  EnvironmentModuleNode,
  HotUpdateOptions,
  HttpServer,
  ViteDevServer,
} from 'vite'

import { verifierDiagnostic } from '../../src/codegen/verifier-diagnostic.ts'
import { formatDiagnostic } from '../../src/compile/clang/diagnostics.ts'
import { VerifierError } from '../../src/runtime/verifier/error.ts'
import type { Builds } from '../builds.ts'
import { diagnosticLog, failureText, pluginName, rollupLog } from '../report.ts'
import { Agent, type Cause } from './agent.ts'
import { isAccepted, isReachedFrom, modulesOf } from './module-graph.ts'
import { Overlay, type OverlayError } from './overlay.ts'

/** What one Vite dev server does with changed files: build first, then replace what builds. */
export class DevServer {
  readonly #server: ViteDevServer
  readonly #builds: Builds
  readonly #overlay: Overlay
  #agent: Agent | undefined
  #change: { readonly timestamp: number; readonly builds: Promise<boolean> } | undefined

  constructor(server: ViteDevServer, builds: Builds) {
    this.#server = server
    this.#builds = builds
    this.#overlay = new Overlay(server)
  }

  /** Runs `entry` in the server environment, from when the server listens until it closes. */
  runAgent(entry: string, httpServer: HttpServer): void {
    const { ssr } = this.#server.environments
    const name = this.#shown(entry)
    const agent = new Agent(ssr, entry, {
      started: (cause) => {
        this.#overlay.mended(entry)
        if (cause) this.#tell(`agent restarted: ${withReason(cause)}`)
      },
      replaced: (source, milliseconds, { doubleCounted }) => {
        const beside = doubleCounted ? `; ${doubleCounted} events were seen by both` : ''
        this.#tell(`${this.#shown(source)} replaced in place in ${milliseconds} ms${beside}`)
      },
      unreplaced: (source, error) => {
        const what = `${this.#shown(source)} does not load or attach`
        const fate = 'the program that runs stays attached'
        this.#complain(source, `${what}, ${fate}`, refusal(error, source))
      },
      refused: (error, kept) => {
        const fate = kept ? 'the one that runs stays attached' : 'it starts when that is mended'
        this.#complain(entry, `${name} cannot run, ${fate}`, describe(error, error.message))
      },
      crashed: (error) => this.#complain(entry, `${name} failed`, describe(error)),
    })
    this.#agent = agent
    // Not earlier: on a restart Vite makes the new server before it closes the old one, whose
    // programs are still attached (vite: restartServer).
    httpServer.once('listening', () => {
      process.once('SIGINT', this.#interrupted)
      void agent.restart()
    })
  }

  async close(): Promise<void> {
    process.off('SIGINT', this.#interrupted)
    await this.#agent?.stop()
  }

  /** The modules that Vite shall update in this environment, as its `hotUpdate` hook returns them. */
  async update(
    environment: DevEnvironment,
    { file, type, modules, timestamp }: HotUpdateOptions,
  ): Promise<EnvironmentModuleNode[]> {
    const sources = this.#builds.dependents(file, type)
    // What does not build replaces nothing: the last good program stays attached.
    if (sources.length > 0 && !(await this.#build(sources, timestamp))) return []

    // A header is no module: what imports its sources must be told.
    const owners = modulesOf(environment.moduleGraph, sources)
    const changed = [...new Set([...modules, ...owners])]
    for (const owner of owners) environment.moduleGraph.invalidateModule(owner)
    const agent = environment === this.#server.environments.ssr ? this.#agent : undefined
    const ofAgent = agent ? changed.filter((module) => isReachedFrom(agent.entry, module)) : []
    if (agent && ofAgent.length > 0) {
      const cause = { file: this.#shown(file) }
      // A header is a module to Vite, and only the sources that include it import it.
      const isCode = ofAgent.some(
        (module) => ![module, ...module.importers].some((by) => owners.includes(by)),
      )
      void (isCode ? agent.restart(cause) : agent.replace(sources, cause))
    }
    const others = changed.filter((module) => !ofAgent.includes(module))
    if (environment.config.consumer === 'client' || owners.some(isAccepted)) return others
    const silent = others.filter((module) => owners.includes(module))
    // Vite's full reload of a header would be of no module, as the runner knows none of that name
    // (vite: module-runner's 'full-reload', getModulesByFile(triggeredBy)).
    if (silent.length > 0) environment.hot.send({ type: 'full-reload' })
    return others.filter((module) => !silent.includes(module))
  }

  /** Whether all of them build. Each environment asks about a change; all share one answer. */
  #build(sources: readonly string[], timestamp: number): Promise<boolean> {
    if (this.#change?.timestamp !== timestamp) {
      const builds = Promise.all(sources.map((source) => this.#rebuild(source)))
      this.#change = { timestamp, builds: builds.then((all) => all.every(Boolean)) }
    }
    return this.#change.builds
  }

  async #rebuild(source: string): Promise<boolean> {
    const outcome = await this.#builds.rebuild(source)
    // A header that it includes since this edit.
    this.#server.watcher.add(outcome.watchFiles)
    if (outcome.kind === 'built') {
      this.#overlay.mended(source)
      return true
    }
    const kept = this.#agent ? ', the program that runs stays attached' : ''
    this.#complain(source, `${this.#shown(source)} does not build${kept}`, {
      text: failureText(outcome),
      error: { stack: '', ...rollupLog(outcome) },
    })
    return false
  }

  #complain(cause: string, what: string, { text, error }: Complaint): void {
    this.#server.config.logger.error(`${what}\n\n${text}\n`, { timestamp: true })
    this.#overlay.show(cause, error)
  }

  #tell(what: string): void {
    this.#server.config.logger.info(what, { timestamp: true })
  }

  #shown(file: string): string {
    return relative(this.#server.config.root, file)
  }

  /** `shutdownSignal()` in the agent takes Ctrl-C from Vite, which has no handler of its own. */
  readonly #interrupted = (): void => {
    void this.#server.close().finally(() => process.exit(128 + 2))
  }
}

function withReason({ file, change }: Cause): string {
  return change === undefined ? file : `${file} (${change})`
}

interface Complaint {
  readonly text: string
  readonly error: OverlayError
}

/** What the verifier refuses has a line of C. */
function refusal(error: Error, source: string): Complaint {
  if (!(error instanceof VerifierError)) return describe(error, error.message)
  const diagnostic = verifierDiagnostic(error, source)
  return { text: formatDiagnostic(diagnostic), error: { stack: '', ...diagnosticLog(diagnostic) } }
}

/** An error of a build has a place and a frame, and its stack is Vite's; one of the agent is its own. */
function describe(error: Error, withoutFrame = error.stack ?? error.message): Complaint {
  const { message, frame, id, loc, plugin = pluginName } = error as Partial<OverlayError> & Error
  return frame === undefined
    ? { text: withoutFrame, error: { message, stack: withoutFrame, id, loc, plugin } }
    : { text: `${message}\n${frame}`, error: { message, stack: '', frame, id, loc, plugin } }
}

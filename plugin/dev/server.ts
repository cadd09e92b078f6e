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

/** Handles the changed files of one Vite dev server: builds first, then replaces what builds. */
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
    const name = this.#relative(entry)
    const agent = new Agent(ssr, entry, {
      started: (cause) => {
        this.#overlay.clear(entry)
        if (cause) this.#info(`agent restarted: ${withReason(cause)}`)
      },
      replaced: (source, milliseconds, { doubleCounted }) => {
        const duplicates = doubleCounted ? `; ${doubleCounted} events were seen by both` : ''
        this.#info(`${this.#relative(source)} replaced in place in ${milliseconds} ms${duplicates}`)
      },
      replaceFailed: (source, error) => {
        const what = `${this.#relative(source)} does not load or attach: the old program stays attached`
        this.#reportError(source, what, loadError(error, source))
      },
      startFailed: (error, oldRuns) => {
        const result = oldRuns ? 'the old one stays attached' : 'it starts once the error is fixed'
        this.#reportError(entry, `${name} cannot run: ${result}`, describe(error, error.message))
      },
      crashed: (error) =>
        this.#reportError(
          entry,
          `${name} threw an error: its programs are detached`,
          describe(error),
        ),
    })
    this.#agent = agent
    // On a restart Vite makes the new server before it closes the old one, whose programs are still attached until then
    // (vite: restartServer).
    httpServer.once('listening', () => {
      process.once('SIGINT', this.#interrupted)
      void agent.restart()
    })
  }

  async close(): Promise<void> {
    process.off('SIGINT', this.#interrupted)
    await this.#agent?.stop()
  }

  /** Returns the modules that Vite should update in this environment, as the result of its `hotUpdate` hook. */
  async update(
    environment: DevEnvironment,
    { file, type, modules, timestamp }: HotUpdateOptions,
  ): Promise<EnvironmentModuleNode[]> {
    const sources = this.#builds.dependents(file, type)
    // If a source does not build, the old program stays attached.
    if (sources.length > 0 && !(await this.#build(sources, timestamp))) return []

    // A header is not imported by modules: the modules of its sources are updated.
    const owners = modulesOf(environment.moduleGraph, sources)
    const changed = [...new Set([...modules, ...owners])]
    for (const owner of owners) environment.moduleGraph.invalidateModule(owner)
    const agent = environment === this.#server.environments.ssr ? this.#agent : undefined
    const agentModules = agent ? changed.filter((module) => isReachedFrom(agent.entry, module)) : []
    if (agent && agentModules.length > 0) {
      const cause = { file: this.#relative(file) }
      // Vite makes a module of a header, which only the sources that include it import.
      const isCode = agentModules.some(
        (module) => ![module, ...module.importers].some((by) => owners.includes(by)),
      )
      void (isCode ? agent.restart(cause) : agent.replace(sources, cause))
    }
    const others = changed.filter((module) => !agentModules.includes(module))
    if (environment.config.consumer === 'client' || owners.some(isAccepted)) return others
    const unaccepted = others.filter((module) => owners.includes(module))
    // Vite's own full reload names the header, for which the runner has no module, and so reloads nothing (vite:
    // module-runner's 'full-reload', getModulesByFile(triggeredBy)).
    if (unaccepted.length > 0) environment.hot.send({ type: 'full-reload' })
    return others.filter((module) => !unaccepted.includes(module))
  }

  /** Builds sources. Resolves to whether all build. Environments that ask about the same change share the result. */
  #build(sources: readonly string[], timestamp: number): Promise<boolean> {
    if (this.#change?.timestamp !== timestamp) {
      const builds = Promise.all(sources.map((source) => this.#rebuild(source)))
      this.#change = { timestamp, builds: builds.then((all) => all.every(Boolean)) }
    }
    return this.#change.builds
  }

  async #rebuild(source: string): Promise<boolean> {
    const outcome = await this.#builds.rebuild(source)
    // The edit may include a new header.
    this.#server.watcher.add(outcome.watchFiles)
    if (outcome.kind === 'built') {
      this.#overlay.clear(source)
      return true
    }
    const result = this.#agent ? ': the old program stays attached' : ''
    this.#reportError(source, `${this.#relative(source)} does not build${result}`, {
      text: failureText(outcome),
      error: { stack: '', ...rollupLog(outcome) },
    })
    return false
  }

  #reportError(cause: string, what: string, { text, error }: ErrorReport): void {
    this.#server.config.logger.error(`${what}\n\n${text}\n`, { timestamp: true })
    this.#overlay.show(cause, error)
  }

  #info(what: string): void {
    this.#server.config.logger.info(what, { timestamp: true })
  }

  #relative(file: string): string {
    return relative(this.#server.config.root, file)
  }

  /** Closes the server on Ctrl-C. Once the agent calls `shutdownSignal()`, Ctrl-C no longer ends the process by itself. */
  readonly #interrupted = (): void => {
    void this.#server.close().finally(() => process.exit(128 + 2))
  }
}

function withReason({ file, change }: Cause): string {
  return change === undefined ? file : `${file} (${change})`
}

interface ErrorReport {
  readonly text: string
  readonly error: OverlayError
}

/** Describes an error of load or attach. The verifier's errors have a line of C. */
function loadError(error: Error, source: string): ErrorReport {
  if (!(error instanceof VerifierError)) return describe(error, error.message)
  const diagnostic = verifierDiagnostic(error, source)
  return { text: formatDiagnostic(diagnostic), error: { stack: '', ...diagnosticLog(diagnostic) } }
}

/** Describes an error. A build error has a location and a frame, and a stack of Vite's, which is left out. */
function describe(error: Error, withoutFrame = error.stack ?? error.message): ErrorReport {
  const { message, frame, id, loc, plugin = pluginName } = error as Partial<OverlayError> & Error
  return frame === undefined
    ? { text: withoutFrame, error: { message, stack: withoutFrame, id, loc, plugin } }
    : { text: `${message}\n${frame}`, error: { message, stack: '', frame, id, loc, plugin } }
}

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { DevEnvironment, OxcOptions, Plugin, UserConfig } from 'vite'

import { type Options, resolveOptions } from '../../src/compile/options/options.ts'
import type { Builds } from '../builds.ts'
import { DevServer } from '../dev/server.ts'
import { ownURL, sourceRE } from '../resolve.ts'
import { attributesRE, warnOfAttributes } from './import-attributes.ts'
import { resolveOwn, writeKoffi } from './rollup.ts'

/** What only Vite has: environments, a dev server, and the option `agent`. */
export function viteHooks(options: Options, builds: Builds): Partial<Plugin> {
  let agent: string | undefined
  // By environment: a restart makes the new server before it closes the old one.
  const servers = new Map<DevEnvironment, DevServer>()

  return {
    resolveId: resolveOwn,

    config(config, { command }) {
      const root = resolve(config.root ?? '')
      builds.relativeTo(root)
      agent = agentFile(options, root)
      return {
        // Found late, its codecs would make Vite bundle dependencies anew and reload the page.
        optimizeDeps: { exclude: ['unplugin-bpf'] },
        ...(agent && command === 'build' && agentBuild(config, root, agent)),
        ...(agent &&
          command === 'serve' &&
          config.oxc !== false && { oxc: forThisNode(config.oxc) }),
      }
    },

    configEnvironment(name, { consumer = name === 'client' ? 'client' : 'server' }, { command }) {
      if (consumer === 'client') return
      return command === 'build'
        ? // The machine that runs the agent has no need of the build side's packages.
          { resolve: { noExternal: ['unplugin-bpf'], external: ['koffi'] } }
        : // One runtime, which outlives the agent's restarts.
          { resolve: { external: ['unplugin-bpf'] } }
    },

    transform: {
      filter: { code: [/'unplugin-bpf\//, attributesRE] },
      async handler(code, source, options) {
        if (!sourceRE.test(source)) return warnOfTypes.call(this, code, source, options)
        const { mode, config } = this.environment
        if (mode !== 'dev' || config.consumer === 'client') return undefined
        const seen = await this.resolve('unplugin-bpf/internal', source, { skipSelf: true })
        return seen ? undefined : importByURL(code)
      },
    },

    configureServer(server) {
      // Vitest runs this hook too: it must not load BPF programs.
      if (process.env['VITEST']) return
      const dev = new DevServer(server, builds)
      for (const environment of Object.values(server.environments)) servers.set(environment, dev)
      // In middleware mode, where there is no server of Vite's own, a framework decides what runs.
      if (agent && server.httpServer) dev.runAgent(agent, server.httpServer)
    },

    hotUpdate: {
      order: 'pre',
      handler(change) {
        return servers.get(this.environment)?.update(this.environment, change)
      },
    },

    async writeBundle(output) {
      if (this.environment.config.consumer === 'server') await writeKoffi(builds).call(this, output)
    },

    async closeBundle() {
      if (this.environment.mode === 'dev') await servers.get(this.environment)?.close()
    },
  }
}

const warnOfTypes = warnOfAttributes(
  'Vite',
  (specifier) => `For its text, import '${specifier}?raw'`,
)

/** The agent runs here: Vite would hand on syntax that this Node lacks, such as `using` before 24. */
function forThisNode(options: OxcOptions = {}): OxcOptions {
  return { ...options, target: options.target ?? `node${process.versions.node}` }
}

/**
 * In the dev server, what a source's own folder does not see can come from elsewhere only by URL; but a
 * file's URL would make Vite evaluate a second runtime (vite: fetchModule).
 */
function importByURL(code: string): string {
  return code.replaceAll(/(?<=^import .* from )'(unplugin-bpf\/\w+)'/gm, (_, specifier: string) => {
    const reexport = `export * from ${JSON.stringify(ownURL(specifier))}`
    return `'data:text/javascript,${encodeURIComponent(reexport)}'`
  })
}

/** The option's path, which package.json may hold. */
function agentFile(options: Options, root: string): string | undefined {
  const { agent } = resolveOptions(
    { ...options, cwd: options.cwd ?? root },
    join(root, 'index.html'),
  )
  if (agent && !existsSync(agent)) {
    throw new Error(`unplugin-bpf: the option agent names ${agent}, which does not exist`)
  }
  return agent
}

/** Vite 6's default is browsers that know no top-level await. */
const oldestNode = 'node20.19'

/** The server bundle, and the client only if it has an entry: Vite alone would insist on index.html. */
function agentBuild(config: UserConfig, root: string, agent: string): UserConfig {
  const {
    ssr,
    target = oldestNode,
    outDir = 'dist',
    rollupOptions,
    rolldownOptions = rollupOptions,
  } = config.build ?? {}
  if (ssr) return {}
  const server = join(outDir, 'server')
  if (!rolldownOptions?.input && !existsSync(join(root, 'index.html'))) {
    return { build: { ssr: agent, outDir: server, target } }
  }
  return {
    builder: {},
    environments: {
      client: { build: { outDir: join(outDir, 'client') } },
      ssr: { build: { outDir: server, target, rollupOptions: { input: agent } } },
    },
  }
}

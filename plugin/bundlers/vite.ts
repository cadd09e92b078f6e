import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { DevEnvironment, OxcOptions, Plugin, UserConfig } from 'vite'

import { type Options, resolveOptions } from '../../src/compile/options/options.ts'
import type { Builds } from '../builds.ts'
import { DevServer } from '../dev/server.ts'
import { packageURL, sourceRE } from '../resolve.ts'
import { attributesRE, warnOfAttributes } from './import-attributes.ts'
import { resolvePackage, koffiCopier } from './rollup.ts'

/** The hooks for what only Vite has: environments, a dev server, and the option `agent`. */
export function viteHooks(options: Options, builds: Builds): Partial<Plugin> {
  let agent: string | undefined
  // Keyed by environment, as a restart makes the new server before it closes the old one.
  const servers = new Map<DevEnvironment, DevServer>()

  return {
    resolveId: resolvePackage,

    config(config, { command }) {
      const root = resolve(config.root ?? '')
      builds.relativeTo(root)
      agent = agentFile(options, root)
      return {
        // Vite would find the codecs late, optimise dependencies again and reload the page.
        optimizeDeps: { exclude: ['unplugin-bpf'] },
        ...(agent && command === 'build' && agentBuild(config, root, agent)),
        ...(agent &&
          command === 'serve' &&
          config.oxc !== false && { oxc: targetThisNode(config.oxc) }),
      }
    },

    configEnvironment(name, { consumer = name === 'client' ? 'client' : 'server' }, { command }) {
      if (consumer === 'client') return
      return command === 'build'
        ? // The runtime is bundled: the machine that runs the agent needs no npm packages but koffi.
          { resolve: { noExternal: ['unplugin-bpf'], external: ['koffi'] } }
        : // There is one runtime, which outlives the agent's restarts.
          { resolve: { external: ['unplugin-bpf'] } }
    },

    transform: {
      filter: { code: [/'unplugin-bpf\//, attributesRE] },
      async handler(code, source, options) {
        if (!sourceRE.test(source)) return warnOfTypes.call(this, code, source, options)
        const { mode, config } = this.environment
        if (mode !== 'dev' || config.consumer === 'client') return undefined
        const resolved = await this.resolve('unplugin-bpf/internal', source, { skipSelf: true })
        return resolved ? undefined : importByURL(code)
      },
    },

    configureServer(server) {
      // Vitest runs this hook too: it must not load BPF programs.
      if (process.env['VITEST']) return
      const dev = new DevServer(server, builds)
      for (const environment of Object.values(server.environments)) servers.set(environment, dev)
      // In middleware mode, where httpServer is null, a framework decides what runs.
      if (agent && server.httpServer) dev.runAgent(agent, server.httpServer)
    },

    hotUpdate: {
      order: 'pre',
      handler(change) {
        return servers.get(this.environment)?.update(this.environment, change)
      },
    },

    async writeBundle(output) {
      if (this.environment.config.consumer === 'server')
        await koffiCopier(builds).call(this, output)
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

/** Targets this Node, which runs the agent: Vite would keep syntax that it lacks, such as `using` before Node 24. */
function targetThisNode(options: OxcOptions = {}): OxcOptions {
  return { ...options, target: options.target ?? `node${process.versions.node}` }
}

/**
 * Rewrites a generated module's imports of this package, which the source's folder cannot see, to URLs. They are data URLs
 * that re-export, as Vite would evaluate a second runtime for a file URL (vite: fetchModule).
 */
function importByURL(code: string): string {
  return code.replaceAll(/(?<=^import .* from )'(unplugin-bpf\/\w+)'/gm, (_, specifier: string) => {
    const reexport = `export * from ${JSON.stringify(packageURL(specifier))}`
    return `'data:text/javascript,${encodeURIComponent(reexport)}'`
  })
}

/** Returns the path of the option `agent`, which may be in package.json. */
function agentFile(options: Options, root: string): string | undefined {
  const { agent } = resolveOptions(
    { ...options, cwd: options.cwd ?? root },
    join(root, 'index.html'),
  )
  if (agent && !existsSync(agent)) {
    throw new Error(`unplugin-bpf: option agent: there is no file ${agent}`)
  }
  return agent
}

/** The default target of agents. Vite 6's default is browsers without top-level await. */
const oldestNode = 'node20.19'

/** Configures the server bundle, and the client only if it has an entry: Vite alone would require index.html. */
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

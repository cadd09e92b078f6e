import { sep } from 'node:path'

import type { Options } from '../src/compile/options/options.ts'
import { Builds } from './builds.ts'
import { diagnosticLog, failureText } from './report.ts'

/** The part of webpack's loader context that is used here and that other hosts have too. */
export interface LoaderContext {
  readonly resourcePath: string
  /** The project's folder. */
  readonly rootContext?: string | undefined
  readonly target?: string | undefined
  /** Set by webpack and Rspack alone. */
  readonly _compiler?: unknown
  async(): (error: Error | null, code?: string) => void
  getOptions(): Options
  addDependency(file: string): void
  emitWarning?(warning: Error): void
}

/** The builds for each root and options. */
const allBuilds = new Map<string, Builds>()

/**
 * Imports of `*.bpf.c` for hosts that have webpack's loaders but not its plugins, such as Next.js with Turbopack.
 *
 * @example
 * ```ts
 * // next.config.ts
 * export default {
 *   turbopack: { rules: { '*.bpf.c': { loaders: ['unplugin-bpf/loader'], as: '*.js' } } },
 * }
 * ```
 */
export default function loader(this: LoaderContext): Promise<void> {
  // oxlint-disable-next-line oxc/no-this-in-exported-function -- webpack passes the loader context as this
  return load(this)
}

async function load(context: LoaderContext): Promise<void> {
  const done = context.async()
  try {
    const builds = buildsFor(context.getOptions(), context.rootContext)
    const outcome = await builds.build(context.resourcePath)
    for (const file of outcome.watchFiles) {
      if (canWatch(context, file)) context.addDependency(file)
    }
    if (outcome.kind !== 'built') return done(new Error(failureText(outcome)))
    for (const warning of outcome.warnings) {
      const { message, frame = '' } = diagnosticLog(warning)
      context.emitWarning?.(new Error([message, frame].join('\n')))
    }
    const { code, browserCode } = outcome.module
    return done(null, context.target?.startsWith('web') ? browserCode : code)
  } catch (error) {
    return done(error instanceof Error ? error : new Error(String(error)))
  }
}

/** Whether the host can watch a file. Turbopack refuses the whole module for one file outside its root, such as a system header. */
function canWatch({ _compiler, rootContext }: LoaderContext, file: string): boolean {
  return _compiler !== undefined || rootContext === undefined || file.startsWith(rootContext + sep)
}

function buildsFor(options: Options, root: string | undefined): Builds {
  const key = JSON.stringify([root, options])
  const builds = allBuilds.get(key) ?? new Builds(options)
  if (root !== undefined) builds.relativeTo(root)
  allBuilds.set(key, builds)
  return builds
}

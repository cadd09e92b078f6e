import type { UnpluginBuildContext, UnpluginContextMeta } from 'unplugin'

/**
 * Whether a module is loaded for a browser, which gets types and constants but no object. Rollup, Rolldown and Farm do not
 * say where their output runs: Node is assumed.
 */
export function forBrowser(context: UnpluginBuildContext, meta: UnpluginContextMeta): boolean {
  switch (meta.framework) {
    case 'vite':
      return at(context, 'environment', 'config', 'consumer') === 'client'
    case 'webpack':
      return at(meta.webpack.compiler, 'platform', 'web') === true
    case 'rspack':
      return at(meta.rspack.compiler, 'platform', 'web') === true
    case 'bun':
      // Bun's default target is the browser.
      return (
        (at(context.getNativeBuildContext?.(), 'build', 'config', 'target') ?? 'browser') ===
        'browser'
      )
    default:
      return false
  }
}

/** Returns the value along a path of properties. Not every bundler is installed here, so neither are all their types. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((inside, key) => (inside as Record<string, unknown> | undefined)?.[key], value)
}

import type { DevEnvironment, EnvironmentModuleGraph, EnvironmentModuleNode } from 'vite'

/**
 * Transforms a module and its static imports, as running it would, without running it.
 *
 * @throws the first error of a plugin
 */
export async function transformGraph(environment: DevEnvironment, entry: string): Promise<void> {
  const seen = new Set([entry])
  for (const url of seen) {
    const result = await environment.transformRequest(unwrap(url))
    // External modules keep their bare names.
    for (const dep of result?.deps ?? []) if (dep.startsWith('/')) seen.add(dep)
  }
}

/** Returns the id of a virtual module from the URL that Vite makes of it (vite: wrapId). */
function unwrap(url: string): string {
  return url.startsWith('/@id/') ? url.slice(5).replace('__x00__', '\0') : url
}

/** Whether `module` is `entry`, or imported by it, directly or indirectly. */
export function isReachedFrom(entry: string, module: EnvironmentModuleNode): boolean {
  return anyUpwards(module, ({ file }) => file === entry)
}

/** Whether some module accepts updates of `module` with `import.meta.hot.accept`. */
export function isAccepted(module: EnvironmentModuleNode): boolean {
  return anyUpwards(
    module,
    (at) =>
      at.isSelfAccepting === true || [...at.importers].some((by) => by.acceptedHmrDeps.has(at)),
  )
}

/** Returns the modules of files. */
export function modulesOf(
  graph: EnvironmentModuleGraph,
  files: readonly string[],
): EnvironmentModuleNode[] {
  return files.flatMap((file) => [...(graph.getModulesByFile(file) ?? [])])
}

function anyUpwards(
  start: EnvironmentModuleNode,
  holds: (module: EnvironmentModuleNode) => boolean,
): boolean {
  // Iteration of a set includes what is added meanwhile.
  const seen = new Set([start])
  for (const module of seen) {
    if (holds(module)) return true
    for (const importer of module.importers) seen.add(importer)
  }
  return false
}

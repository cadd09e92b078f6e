import type { DevEnvironment, EnvironmentModuleGraph, EnvironmentModuleNode } from 'vite'

/**
 * Transforms a module and all that it imports statically, as running it would, without running it.
 * @throws what the first failing module's plugin throws
 */
export async function transformGraph(environment: DevEnvironment, entry: string): Promise<void> {
  const seen = new Set([entry])
  for (const url of seen) {
    const result = await environment.transformRequest(unwrap(url))
    // What Vite leaves to Node keeps its bare name.
    for (const dep of result?.deps ?? []) if (dep.startsWith('/')) seen.add(dep)
  }
}

/** The id of a virtual module, which is no URL, from the URL that Vite makes of it (vite: wrapId). */
function unwrap(url: string): string {
  return url.startsWith('/@id/') ? url.slice(5).replace('__x00__', '\0') : url
}

/** Whether `module` is `entry`, or something that it imports, however far. */
export function isReachedFrom(entry: string, module: EnvironmentModuleNode): boolean {
  return anyUpwards(module, ({ file }) => file === entry)
}

/** Whether some module takes an update of `module` with `import.meta.hot.accept`. */
export function isAccepted(module: EnvironmentModuleNode): boolean {
  return anyUpwards(
    module,
    (at) =>
      at.isSelfAccepting === true || [...at.importers].some((by) => by.acceptedHmrDeps.has(at)),
  )
}

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
  // A set hands out also what is added to it on the way.
  const seen = new Set([start])
  for (const module of seen) {
    if (holds(module)) return true
    for (const importer of module.importers) seen.add(importer)
  }
  return false
}

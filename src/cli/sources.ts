import { glob } from 'tinyglobby'

/** Absolute paths of the sources that globs name, sorted. Those of dependencies are not the project's. */
export async function findSources(globs: readonly string[]): Promise<string[]> {
  const found = await glob(globs.length > 0 ? [...globs] : ['**/*.bpf.c'], {
    absolute: true,
    ignore: ['**/node_modules/**', '**/.bpf/**'],
  })
  return found.toSorted()
}

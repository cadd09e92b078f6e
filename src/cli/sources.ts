import { glob } from 'tinyglobby'

/** Finds the sources that globs name, without those in node_modules. Returns sorted absolute paths. */
export async function findSources(globs: readonly string[]): Promise<string[]> {
  const found = await glob(globs.length > 0 ? [...globs] : ['**/*.bpf.c'], {
    absolute: true,
    ignore: ['**/node_modules/**', '**/.bpf/**'],
  })
  return found.toSorted()
}

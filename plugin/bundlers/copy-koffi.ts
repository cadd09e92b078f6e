import { cp, readdir, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * Copies koffi, and its native parts for Linux that are installed, to where a bundle in `folder` finds
 * it: the bundle then runs where there is nothing but Node and libbpf.
 */
export async function copyKoffi(folder: string): Promise<void> {
  const koffi = dirname(require.resolve('koffi'))
  const modules = join(folder, 'node_modules')
  await replace(koffi, join(modules, 'koffi'))
  // Packages of their own, beside it: one a platform.
  const scope = join(dirname(koffi), '@koromix')
  for (const name of await readdir(scope)) {
    if (name.startsWith('koffi-linux-')) {
      await replace(join(scope, name), join(modules, '@koromix', name))
    }
  }
}

/** What koffi is built from, and its documentation, stay behind. */
const needed = /\.(?:[cm]?js|json|node|txt)$/

async function replace(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, {
    recursive: true,
    dereference: true,
    filter: async (path) => needed.test(path) || (await stat(path)).isDirectory(),
  })
}

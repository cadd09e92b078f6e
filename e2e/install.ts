import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import manifest from '../package.json' with { type: 'json' }

const exec = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

export interface Installed {
  /** A project that depends on the package. */
  readonly app: string
  /** The package as it was packed. */
  readonly folder: string
  readonly tarball: string
  remove(): Promise<void>
}

/**
 * Packs the package and installs it as pnpm would: the application sees it, but none of its dependencies.
 * @param others what else the application depends on, from this repository's node_modules
 */
export async function installPackage(others: readonly string[] = []): Promise<Installed> {
  if (!existsSync(join(root, 'dist/index.mjs'))) throw new Error('there is no dist: npm run build')
  const temporary = await mkdtemp(join(tmpdir(), 'unplugin-bpf-app-'))
  const store = join(temporary, 'store/node_modules')
  const app = join(temporary, 'app')
  await mkdir(store, { recursive: true })
  // Of the build that is there: npm would run it once more.
  await exec('npm', ['pack', '--ignore-scripts', '--pack-destination', temporary], { cwd: root })
  const tarball = join(temporary, `unplugin-bpf-${manifest.version}.tgz`)
  await exec('tar', ['-xf', tarball, '-C', store])
  await exec('mv', [join(store, 'package'), join(store, 'unplugin-bpf')])
  for (const name of Object.keys(manifest.dependencies)) {
    await link(join(root, 'node_modules', name), join(store, name))
  }
  for (const name of others) {
    await link(join(root, 'node_modules', name), join(app, 'node_modules', name))
    // pnpm gives a package the peers that its user has.
    if (name in manifest.peerDependencies) {
      await link(join(root, 'node_modules', name), join(store, name))
    }
  }
  await link(join(store, 'unplugin-bpf'), join(app, 'node_modules/unplugin-bpf'))
  return {
    app,
    folder: join(store, 'unplugin-bpf'),
    tarball,
    remove: () => rm(temporary, { recursive: true, force: true }),
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path)
}

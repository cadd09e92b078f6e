import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { debianPackage } from '../../test/debian/archive.ts'
import { npmPackage } from '../../test/debian/npm.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'
import { type Architecture, debianArchitecture } from './architecture.ts'
import { libraries } from './libraries.ts'

/** Where this machine has the parts of a guest's system, which may be for another architecture. */
export interface GuestSystem {
  readonly busybox: string
  readonly node: string
  /** The package of koffi's native half. */
  readonly koffi: string
  /** The libraries of these, unless this machine's linker tells them: by their paths in the guest. */
  readonly libraries: Readonly<Record<string, string>>
}

/** Throws Unavailable. */
export function guestSystem(architecture: Architecture): GuestSystem | Promise<GuestSystem> {
  return architecture === process.arch ? ownSystem() : foreignSystem(architecture)
}

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

function ownSystem(): GuestSystem {
  return {
    busybox: ownBusybox(),
    node: realpathSync(process.execPath),
    koffi: join(modules, koffiFor(process.arch)),
    libraries: {},
  }
}

function ownBusybox(): string {
  const found = ['/bin/busybox', '/usr/bin/busybox'].find(
    (path) => existsSync(path) && libraries(path).length === 0,
  )
  if (found === undefined) throw new Unavailable('there is no static busybox (busybox-static)')
  return found
}

const koffiFor = (architecture: string): string => `@koromix/koffi-linux-${architecture}`

/** Debian 13's: what is linked to older ones runs with them too. */
const SUITE = 'trixie'
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libelf1t64', 'zlib1g', 'libzstd1']

async function foreignSystem(architecture: Architecture): Promise<GuestSystem> {
  const from = { suite: SUITE, architecture: debianArchitecture(architecture) }
  const busybox = await debianPackage(from, 'busybox-static')
  const node = await npmPackage(`node-linux-${architecture}`, process.versions.node)
  const koffi = JSON.parse(await readFile(join(modules, 'koffi/package.json'), 'utf8')) as {
    version: string
  }
  const shared: Record<string, string> = {}
  for (const name of PACKAGES) {
    for (const [path, file] of sharedLibraries(await debianPackage(from, name))) shared[path] = file
  }
  return {
    busybox: join(busybox, 'usr/bin/busybox'),
    node: join(node, 'bin/node'),
    koffi: await npmPackage(koffiFor(architecture), koffi.version),
    libraries: shared,
  }
}

/** Those in an unpacked package, by their paths where it is installed. */
function sharedLibraries(folder: string): [path: string, file: string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(usr\/)?lib\/([^/]+\/)?[^/]+\.so[.\d]*$/.test(name))
    .map((name) => [`/${name.replace(/^usr\//, '')}`, join(folder, name)])
}

/** Debian's libbpfs of another architecture: 1.1 and 1.5. Throws Unavailable. */
export function foreignLibbpfs(architecture: Architecture): Promise<string[]> {
  return Promise.all(
    ['bookworm', 'trixie'].map(async (suite) => {
      const from = { suite, architecture: debianArchitecture(architecture) }
      const folder = await debianPackage(from, 'libbpf1')
      const found = sharedLibraries(folder).find(([path]) => path.endsWith('libbpf.so.1'))
      if (!found) throw new Unavailable(`Debian's libbpf1 of ${suite} holds no libbpf.so.1`)
      return found[1]
    }),
  )
}

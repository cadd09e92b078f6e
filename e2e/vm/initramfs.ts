import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Architecture } from './architecture.ts'
import { type CpioFile, cpio } from './cpio.ts'
import { guestSystem } from './guest-system.ts'
import { libraries } from './libraries.ts'

const koffi = fileURLToPath(new URL('../../node_modules/koffi', import.meta.url))
const init = fileURLToPath(new URL('init.sh', import.meta.url))

/** What is put into the guest, by its path there: files of this machine, by their paths, or bytes. */
export type Placed = Readonly<Record<string, string | Uint8Array>>

const systems = new Map<Architecture, Promise<Buffer>>()

/**
 * A root file system held in memory: busybox, Node with its libraries, koffi, and `files`. Throws Unavailable.
 * @param files by absolute paths; programs and libraries bring the libraries that they need
 */
export async function initramfs(architecture: Architecture, files: Placed): Promise<Buffer> {
  const system = systems.get(architecture) ?? archive(architecture)
  systems.set(architecture, system)
  return Buffer.concat([await system, cpio(placed(files))])
}

/** What all guests of an architecture share. */
async function archive(architecture: Architecture): Promise<Buffer> {
  const system = await guestSystem(architecture)
  return cpio([
    { path: 'init', content: readFileSync(init), executable: true },
    ...placed({ '/bin/busybox': system.busybox, '/bin/node': system.node, ...system.libraries }),
    ...folder(koffi, 'node_modules/koffi', /\.(c?js|json)$/),
    ...folder(
      system.koffi,
      `node_modules/@koromix/koffi-linux-${architecture}`,
      /\.(js|json|node)$/,
    ),
  ])
}

function placed(files: Placed): CpioFile[] {
  const wanted = new Map<string, string | Uint8Array>(Object.entries(files))
  for (const source of Object.values(files)) {
    if (typeof source !== 'string') continue
    for (const library of libraries(source)) wanted.set(library, library)
  }
  return [...wanted].map(([path, source]) => ({
    path: path.slice(1),
    content: typeof source === 'string' ? readFileSync(source) : source,
    executable: true,
  }))
}

function folder(source: string, path: string, wanted: RegExp): CpioFile[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => ({ path: `${path}/${name}`, content: readFileSync(join(source, name)) }))
}

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Unavailable } from '../../test/debian/unavailable.ts'
import type { CpioFile } from './cpio.ts'
import { cpio } from './cpio.ts'

const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const init = fileURLToPath(new URL('init.sh', import.meta.url))

/** What is put into the guest, by its path there: files of this machine, by their paths, or bytes. */
export type Placed = Readonly<Record<string, string | Uint8Array>>

let system: Buffer | undefined

/**
 * A root file system held in memory: busybox, this Node with its libraries, koffi, and `files`. Throws Unavailable.
 * @param files by absolute paths; programs and libraries bring the libraries that they need
 */
export function initramfs(files: Placed): Buffer {
  system ??= cpio([
    { path: 'init', content: readFileSync(init), executable: true },
    ...placed({ '/bin/busybox': busybox(), '/bin/node': realpathSync(process.execPath) }),
    ...folder(join(modules, 'koffi'), 'node_modules/koffi', /\.(c?js|json)$/),
    ...folder(join(modules, '@koromix'), 'node_modules/@koromix', /\.(js|json|node)$/),
  ])
  return Buffer.concat([system, cpio(placed(files))])
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

function busybox(): string {
  const found = ['/bin/busybox', '/usr/bin/busybox'].find(
    (path) => existsSync(path) && libraries(path).length === 0,
  )
  if (found === undefined) throw new Unavailable('there is no static busybox (busybox-static)')
  return found
}

/** Those that the dynamic linker would load with it, by where it would find them. */
function libraries(file: string): string[] {
  // It exits 1 for what needs none.
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' })
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path ?? '')
}

function folder(source: string, path: string, wanted: RegExp): CpioFile[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => ({ path: `${path}/${name}`, content: readFileSync(join(source, name)) }))
}

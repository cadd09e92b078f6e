import {
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { type Arch, nativeArch } from '../../src/compile/options/arch.ts'

/** koffi's names of its native packages for Linux. */
const platforms: Readonly<Partial<Record<Arch, string>>> = {
  x86: 'linux-x64',
  arm64: 'linux-arm64',
  arm: 'linux-arm',
  riscv: 'linux-riscv64',
  loongarch: 'linux-loong64',
  powerpc: 'linux-ppc64',
}

/** In each folder that we copied, so that none is replaced which we did not; holds the version. */
const marker = '.copied-by-unplugin-bpf'

/**
 * Copies koffi, and its native packages for `arches`, or all that are installed, to where a bundle in `folder` finds it: the
 * bundle then runs where there is nothing but Node and libbpf. A koffi that lies there already and is no copy of ours stays.
 *
 * @param from the file that sees koffi
 * @returns what the bundle lacks nevertheless
 */
export async function copyKoffi(
  folder: string,
  arches: readonly Arch[] | undefined,
  from: string = import.meta.url,
): Promise<string[]> {
  const koffi = createRequire(from).resolve('koffi')
  // Nested, hoisted, in a store or in an archive: koffi's own view of it is the right one.
  const { resolve } = createRequire(koffi)
  const modules = join(folder, 'node_modules')
  const warnings = await copyPackage(dirname(koffi), join(modules, 'koffi'))
  for (const arch of arches ?? (Object.keys(platforms) as Arch[])) {
    const name = `@koromix/koffi-${platforms[arch]}`
    const native = platforms[arch] && resolved(resolve, name)
    if (native) {
      warnings.push(...(await copyPackage(dirname(native), join(modules, name))))
    } else if (arches || arch === nativeArch()) {
      warnings.push(lack(arch, name, await versionOf(dirname(koffi))))
    }
  }
  return warnings
}

function resolved(resolve: NodeJS.RequireResolve, name: string): string | undefined {
  try {
    return resolve(name)
  } catch {
    return undefined
  }
}

function lack(arch: Arch, name: string, version: string): string {
  return platforms[arch]
    ? `native: 'copy': the bundle will not run on ${arch}: ${name}, koffi's native package for it, is not installed. ` +
        `Install it: npm install --force --no-save ${name}@${version}`
    : `native: 'copy': the bundle will not run on ${arch}: koffi has no native package for it`
}

/** @returns why the bundle may not work with what stays there */
async function copyPackage(from: string, to: string): Promise<string[]> {
  const version = await versionOf(from)
  const there = await lstat(to).catch(() => undefined)
  if (there) {
    const copied = there.isDirectory() && (await textOf(join(to, marker)))
    if (copied === version) return []
    if (copied === undefined || copied === false) {
      if ((await realpath(to).catch(() => undefined)) === from) return []
      const other = await versionOf(to).catch(() => undefined)
      if (other === version) return []
      return [
        `native: 'copy': ${to} is no copy of ours (version ${other ?? 'unknown'}) and stays; the bundle needs ${version}. Write the bundle to another folder`,
      ]
    }
  }
  // Beside it, to be renamed: an agent that starts meanwhile finds all or the old.
  const temporary = join(dirname(to), `.koffi-${process.pid}-${process.hrtime.bigint()}`)
  try {
    await copyNeeded(from, temporary)
    await writeFile(join(temporary, marker), version)
    await rm(to, { recursive: true, force: true })
    await rename(temporary, to)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return []
}

/** What koffi is built from, and its documentation, stay behind. */
const needed = /\.(?:[cm]?js|json|node|txt)$/

/** File by file, which Yarn's PnP can do also from an archive. */
async function copyNeeded(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)]
    if ((await stat(source)).isDirectory()) await copyNeeded(source, target)
    else if (needed.test(name)) await writeFile(target, await readFile(source))
  }
}

async function versionOf(folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  return String(version)
}

const textOf = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch(() => undefined)

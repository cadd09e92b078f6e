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

/** The names of koffi's native packages for Linux. */
const platforms: Readonly<Partial<Record<Arch, string>>> = {
  x86: 'linux-x64',
  arm64: 'linux-arm64',
  arm: 'linux-arm',
  riscv: 'linux-riscv64',
  loongarch: 'linux-loong64',
  powerpc: 'linux-ppc64',
}

/** A file in each copied folder, which holds the version. Folders without it are never replaced. */
const marker = '.copied-by-unplugin-bpf'

/**
 * Copies koffi and its native packages for `arches`, or all that are installed, into `folder`'s node_modules: the bundle
 * then runs where only Node and libbpf are installed. A koffi there that this function did not copy stays.
 *
 * @param from a file whose folder can see koffi
 * @returns warnings about what the bundle lacks
 */
export async function copyKoffi(
  folder: string,
  arches: readonly Arch[] | undefined,
  from: string = import.meta.url,
): Promise<string[]> {
  const koffi = createRequire(from).resolve('koffi')
  // Resolved from koffi itself: native packages may be nested, hoisted, in a store or in an archive.
  const { resolve } = createRequire(koffi)
  const modules = join(folder, 'node_modules')
  const warnings = await copyPackage(dirname(koffi), join(modules, 'koffi'))
  for (const arch of arches ?? (Object.keys(platforms) as Arch[])) {
    const name = `@koromix/koffi-${platforms[arch]}`
    const native = platforms[arch] && resolved(resolve, name)
    if (native) {
      warnings.push(...(await copyPackage(dirname(native), join(modules, name))))
    } else if (arches || arch === nativeArch()) {
      warnings.push(missingNative(arch, name, await versionOf(dirname(koffi))))
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

function missingNative(arch: Arch, name: string, version: string): string {
  return platforms[arch]
    ? `option native: 'copy': the bundle will not run on ${arch}, as koffi's native package ${name} is not installed. ` +
        `Install it: npm install --force --no-save ${name}@${version}`
    : `option native: 'copy': the bundle will not run on ${arch}, as koffi has no native package for it`
}

/** Copies a package. Returns a warning if another version of it is in the way. */
async function copyPackage(from: string, to: string): Promise<string[]> {
  const version = await versionOf(from)
  const existing = await lstat(to).catch(() => undefined)
  if (existing) {
    const copied = existing.isDirectory() && (await textOf(join(to, marker)))
    if (copied === version) return []
    if (copied === undefined || copied === false) {
      if ((await realpath(to).catch(() => undefined)) === from) return []
      const other = await versionOf(to).catch(() => undefined)
      if (other === version) return []
      return [
        `option native: 'copy': ${to} (version ${other ?? 'unknown'}) was not copied by unplugin-bpf and is not replaced, but the bundle needs version ${version}. Write the bundle to another folder`,
      ]
    }
  }
  // Copied beside it, then renamed: an agent that starts meanwhile finds the old copy or the whole new one.
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

/** The files that are copied: not koffi's sources and documentation. */
const needed = /\.(?:[cm]?js|json|node|txt)$/

/** Copies file by file, which Yarn's PnP can do from an archive too. */
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

import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'

import { cached, cacheFolder } from './cache.ts'
import { Unavailable } from './unavailable.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** For machines whose apt names no Debian archive: Ubuntu's. */
const PUBLIC_ARCHIVE = 'http://deb.debian.org/debian'

/** A part of the archive. */
export interface Suite {
  /** `bookworm`, `trixie-backports` */
  readonly suite: string
  /** `arm64`; this machine's, unless it says. */
  readonly architecture?: string | undefined
}

/**
 * The folder of an unpacked package of any Debian suite and architecture. Nothing is installed, and the machine's own
 * apt stays as it is. `name` may hold `*`, for the newest that fits. Throws Unavailable.
 */
export async function debianPackage(from: Suite, name: string): Promise<string> {
  const place = placeOf(from)
  const have = await readdir(join(cacheFolder, place)).catch(() => [])
  const found = newest(have, name) ?? newest(await packageNames(from), name)
  if (found === undefined) throw new Unavailable(`Debian's ${place} has no package ${name}`)
  return cached(join(place, found), (folder) => download(from, found, folder))
}

function placeOf({ suite, architecture }: Suite): string {
  return architecture ? `${suite}-${architecture}` : suite
}

/** Kernels have packages of their symbols beside them, named the same and `-dbg`. */
function newest(names: readonly string[], wanted: string): string | undefined {
  const pattern = wanted.replaceAll(/[.+]/gu, String.raw`\$&`).replaceAll('*', '.*')
  const fits = names.filter((name) => new RegExp(`^(?:${pattern})$`, 'u').test(name))
  return fits
    .filter((name) => !/-dbg$|\.lock$/u.test(name))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
}

async function packageNames(from: Suite): Promise<string[]> {
  const options = await configuration(from)
  return (await run('apt-cache', [...options, 'pkgnames'])).split('\n')
}

async function download(from: Suite, name: string, folder: string): Promise<void> {
  const options = await configuration(from)
  await run('apt-get', [...options, 'download', name], folder)
  for (const file of await readdir(folder)) {
    await run('dpkg', ['-x', file, '.'], folder)
    await rm(join(folder, file))
  }
}

const configurations = new Map<string, Promise<string[]>>()

/** Options that have apt know this suite alone, its lists brought up to date once a process. */
function configuration(from: Suite): Promise<string[]> {
  const known = configurations.get(placeOf(from)) ?? configure(from)
  configurations.set(placeOf(from), known)
  return known
}

async function configure({ suite, architecture }: Suite): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'unplugin-bpf-apt-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'lists/partial'), { recursive: true })
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  const source = `deb [signed-by=${KEYRING}] ${await archive()} ${suite} main\n`
  await writeFile(join(folder, 'sources.list'), source)
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    ...(architecture && {
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
    }),
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, '-qq', 'update'])
  return options
}

/** The mirror that this machine uses, which may be the only one it can reach. */
async function archive(): Promise<string> {
  const parts = '/etc/apt/sources.list.d'
  const files = (await readdir(parts).catch(() => [])).map((name) => join(parts, name))
  for (const file of [...files, '/etc/apt/sources.list']) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const [found] = /^[^#\n]*?\bhttps?:\/\/[^ \n]+\/debian\/?(?=\s)/mu.exec(text) ?? []
    if (found !== undefined) return found.replace(/^.*(?=http)/u, '')
  }
  return PUBLIC_ARCHIVE
}

async function run(command: string, words: readonly string[], cwd?: string): Promise<string> {
  const done = await execa(command, words, { reject: false, ...(cwd && { cwd }) })
  // apt-get exits 0 where it could not reach the archive, and says so.
  const failed = done.failed || /^[EW]: Failed/mu.test(done.stderr)
  if (!failed) return done.stdout
  throw new Unavailable(`${command}: ${done.stderr || done.message}`)
}

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

import { writeAtomic } from '../cache/atomic-write.ts'
import { digest } from '../cache/digest.ts'
import { readOwnedFile } from '../cache/ownership.ts'
import { ClangNotFoundError, CompileError } from '../compile-error.ts'
import { createDebugger } from '../debug.ts'
import { runProcess } from './run-process.ts'

const debug = createDebugger('unplugin-bpf:clang')

/** The first release with BTF_KIND_FLOAT, decl tags and the CO-RE relocations that libbpf 1.0 wants. */
const oldestMajor = 14
const newestMajor = 21
const candidates = [
  'clang',
  ...Array.from(
    { length: newestMajor - oldestMajor + 1 },
    (_, age) => `clang-${newestMajor - age}`,
  ),
]

export interface Clang {
  readonly path: string
  /** The line that clang prints: `clang version 19.1.7 (…)`. */
  readonly version: string
  readonly major: number
  readonly hasBpfTarget: boolean
  /**
   * The folders where clang looks for headers when it compiles for this machine. The BPF target has no `asm/types.h`,
   * which `linux/types.h` includes, so these folders are searched last.
   */
  readonly systemIncludes: readonly string[]
  /** A digest that changes when the binary does. */
  readonly identity: string
}

/**
 * Finds the compiler: `requested`, or the first on PATH that is new enough and has the BPF target. A binary's description
 * is cached in `cacheDir`.
 *
 * @throws ClangNotFoundError that says what was tried and what to install
 */
export async function findClang(requested: string | undefined, cacheDir: string): Promise<Clang> {
  const rejected: string[] = []
  const names = requested === undefined ? candidates : [requested]
  for (const name of names) {
    const path = which(name)
    if (path === undefined) continue
    try {
      const clang = await describeClang(path, cacheDir)
      const fault = unusableReason(clang)
      if (fault === undefined) return clang
      rejected.push(`${path} ${fault}`)
    } catch (error) {
      if (!(error instanceof CompileError)) throw error
      rejected.push(error.message)
    }
  }
  throw new ClangNotFoundError(notFoundMessage(names, rejected), names)
}

function unusableReason({ hasBpfTarget, major, version }: Clang): string | undefined {
  if (!(major >= oldestMajor)) return `is too old (${version}), ${oldestMajor} or newer is needed`
  if (!hasBpfTarget) return `(${version}) cannot compile for BPF`
  return undefined
}

function which(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined
  const suffixes = process.platform === 'win32' ? ['.exe', ''] : ['']
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .flatMap((folder) => suffixes.map((suffix) => join(folder, name + suffix)))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const probes = new Map<string, Promise<Clang>>()

/** Looks a binary up in memory, then in the cache, and runs it if neither has it. */
function describeClang(path: string, cacheDir: string): Promise<Clang> {
  const { size, mtimeMs } = statSync(path)
  const identity = digest(realpathSync(path), String(size), String(mtimeMs))
  let known = probes.get(identity)
  if (!known) {
    known = cachedOrQueried(path, identity, join(cacheDir, 'clang', `${identity}.json`))
    known.catch(() => probes.delete(identity))
    probes.set(identity, known)
  }
  return known
}

async function cachedOrQueried(path: string, identity: string, file: string): Promise<Clang> {
  try {
    const clang: Clang = JSON.parse(readOwnedFile(file)?.toString() ?? '')
    if (clang.identity === identity && Array.isArray(clang.systemIncludes))
      return { ...clang, path }
  } catch {
    // There is no cached description, or it is damaged: the binary is asked.
  }
  const clang = await queryClang(path, identity)
  await writeAtomic(file, JSON.stringify(clang)).catch((error: unknown) => {
    debug?.('cannot cache the description of %s: %s', path, error)
  })
  return clang
}

async function queryClang(path: string, identity: string): Promise<Clang> {
  const [verbose, targets] = await Promise.all([
    runProcess(
      path,
      ['-v', '-E', '-x', 'c', process.platform === 'win32' ? 'NUL' : '/dev/null'],
      '/',
    ),
    runProcess(path, ['--print-targets'], '/'),
  ])
  const version = /^.*clang version .*$/m.exec(verbose.stderr)?.[0]
  if (version === undefined)
    throw new CompileError(`${path} is not clang: its output has no clang version`)
  const clang = {
    path,
    version,
    major: Number(/clang version (\d+)/.exec(version)?.[1]),
    hasBpfTarget: /^\s*bpf\s/m.test(targets.stdout),
    systemIncludes: systemIncludesOf(verbose.stderr),
    identity,
  }
  debug?.('%s: %o', path, clang)
  return clang
}

/** Reads the search list of `clang -v`, without the compiler's own folder, which is for the host's target. */
function systemIncludesOf(verbose: string): string[] {
  const list = /^#include <\.\.\.> search starts here:\n((?: .*\n)*)/m.exec(verbose)?.[1] ?? ''
  return list
    .split('\n')
    .map((line) => line.trim().replace(/ \(framework directory\)$/, ''))
    .filter((folder) => folder !== '' && !/[/\\]lib[/\\]clang[/\\][\d.]+[/\\]include$/.test(folder))
}

function notFoundMessage(names: readonly string[], rejected: readonly string[]): string {
  const tried = names.length === 1 ? String(names[0]) : `${names.join(', ')} on PATH`
  return [
    `No clang that can compile BPF programs: tried ${tried}.`,
    ...rejected.map((reason) => `${reason}.`),
    `Install LLVM's clang, ${oldestMajor} or newer, with the BPF target:`,
    '  Debian, Ubuntu:  apt install clang libbpf-dev',
    '  Fedora:          dnf install clang libbpf-devel',
    '  Arch:            pacman -S clang libbpf',
    '  Alpine:          apk add clang libbpf-dev linux-headers',
    "  macOS:           brew install llvm   (Apple's own clang has no BPF target)",
    '  Windows:         winget install LLVM.LLVM',
    'or say where clang is: option clang, or the environment variable BPF_CLANG.',
  ].join('\n')
}

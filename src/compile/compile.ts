import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { languageFlags } from './arguments.ts'
import { contentOf, isCurrent, readEntry, writeEntry } from './cache.ts'
import { findClang } from './clang.ts'
import { CompileError } from './compile-error.ts'
import { createDebugger } from './debug.ts'
import type { Diagnostic } from './diagnostics.ts'
import { digest } from './digest.ts'
import { withHints } from './hints.ts'
import { type Options, type ResolvedOptions, resolveOptions } from './options.ts'
import { type Job, translate } from './translate.ts'
import { vmlinuxOrigin } from './vmlinux.ts'

export { ClangNotFoundError, CompileError } from './compile-error.ts'
export type { Diagnostic, Fixit, Note } from './diagnostics.ts'
export { formatDiagnostic } from './diagnostics.ts'

const debug = createDebugger('unplugin-bpf:compile')

/** Those of the options that a compile depends on. One compile is for one architecture: the first of `arch`. */
export type CompileOptions = Pick<
  Options,
  'clang' | 'cflags' | 'include' | 'defines' | 'arch' | 'vmlinux' | 'cache' | 'cwd'
>

export interface CompileResult {
  /** The relocatable ELF with BTF and DWARF; undefined when there are errors. */
  readonly object: Uint8Array | undefined
  /**
   * Absolute: the source, then every header read, the system's too; a vmlinux.h of the cache is left
   * out. After an error those known: clang may have stopped before it had seen all.
   */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  /** The source's folder: relative file names in the object's DWARF and BTF.ext are relative to it. */
  readonly folder: string
}

/**
 * Compiles one BPF source with clang; errors of the source are diagnostics, not exceptions.
 *
 * @throws ClangNotFoundError, CompileError when the machine is at fault; TypeError for wrong options.
 */
export async function compile(
  file: string,
  options: CompileOptions | ResolvedOptions = {},
): Promise<CompileResult> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const [content, clang] = await Promise.all([
    readSource(source),
    findClang(resolved.clang, resolved.cacheDir),
  ])
  const job: Job = { source, options: resolved, clang, arch: resolved.arch[0] }
  const key = keyOf(job, content)
  for (;;) {
    const shared = running.get(key)
    if (!shared) break
    const { result, started } = await shared
    // A header saved while it ran is in no one's interest but this caller's.
    if (!result.dependencies.some((dependency) => changedSince(dependency, started))) return result
    if (running.get(key) === shared) running.delete(key)
  }
  const mine = cachedOrCompiled(job, key).finally(() => {
    if (running.get(key) === mine) running.delete(key)
  })
  running.set(key, mine)
  return (await mine).result
}

interface Outcome {
  readonly result: CompileResult
  /** Milliseconds since 1970. */
  readonly started: number
}

const running = new Map<string, Promise<Outcome>>()

/** By source: clang lists no dependencies when it stops at a missing header. */
const lastDependencies = new Map<string, readonly string[]>()

async function cachedOrCompiled(job: Job, key: string): Promise<Outcome> {
  const { source, options } = job
  const started = Date.now()
  const folder = dirname(source)
  if (options.cache !== false) {
    const entry = await readEntry(options.cache, key)
    const isSameVmlinux = (): boolean =>
      entry?.vmlinux === undefined || entry.vmlinux === vmlinuxOrigin(options)
    if (entry && isCurrent(entry) && isSameVmlinux()) {
      const dependencies = entry.dependencies.map(({ file }) => file)
      lastDependencies.set(source, dependencies)
      debug?.('%s from the cache (%d ms)', source, Date.now() - started)
      return { started, result: { ...entry, dependencies, folder } }
    }
  }
  const { object, vmlinux, ...translation } = await translate(job)
  const diagnostics = withHints(translation.diagnostics)
  const dependencies = object
    ? translation.dependencies
    : [
        ...new Set([
          ...translation.dependencies,
          ...(lastDependencies.get(source) ?? []),
          ...diagnostics.flatMap(filesOf),
        ]),
      ]
  lastDependencies.set(source, dependencies)
  const isSettled = !dependencies.some((file) => changedSince(file, started))
  if (object && options.cache !== false && isSettled) {
    const named = dependencies.map((file) => ({ file, digest: contentOf(file) }))
    const entry = { object, diagnostics, vmlinux, dependencies: named }
    await writeEntry(options.cache, key, entry).catch((error: unknown) => {
      debug?.('%s is not cached: %s', source, error)
    })
  }
  return { started, result: { object, dependencies, diagnostics, folder } }
}

const filesOf = ({ file, includedFrom, notes }: Diagnostic): string[] => [
  file,
  ...[...includedFrom, ...notes].flatMap((place) => place.file ?? []),
]

async function readSource(source: string): Promise<Buffer> {
  try {
    return await readFile(source)
  } catch (error) {
    throw new CompileError(`Cannot read ${source}: ${String(error)}`)
  }
}

/** Of all that decides the outcome, headers' content excepted. */
function keyOf({ arch, clang, options, source }: Job, content: Uint8Array): string {
  // clang reads these.
  const environment = ['CPATH', 'C_INCLUDE_PATH', 'SOURCE_DATE_EPOCH'].map(
    (name) => `${name}=${process.env[name] ?? ''}`,
  )
  const flags = languageFlags(dirname(source), arch, options, clang)
  return digest('1', clang.identity, source, content, options.vmlinux, ...flags, ...environment)
}

function changedSince(file: string, time: number): boolean {
  try {
    return statSync(file).mtimeMs > time
  } catch {
    return true
  }
}

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { cachedResult, storeResult } from './cache/compile-cache.ts'
import { digest } from './cache/digest.ts'
import { isNewer } from './cache/is-newer.ts'
import { languageFlags, outputFlags } from './clang/arguments.ts'
import type { Diagnostic } from './clang/diagnostics.ts'
import { type Clang, findClang } from './clang/find-clang.ts'
import { withHints } from './clang/hints.ts'
import { findLibbpfHeaders } from './clang/libbpf-names.ts'
import { CompileError } from './compile-error.ts'
import { type Job, sourceAndArch } from './job.ts'
import { type Arch, pathFor } from './options/arch.ts'
import { type Options, type ResolvedOptions, resolveOptions } from './options/options.ts'
import { translate } from './translate.ts'

export { ClangNotFoundError, CompileError } from './compile-error.ts'
export { type Diagnostic, type Fixit, formatDiagnostic, type Note } from './clang/diagnostics.ts'

/** The options that a compile depends on. */
export type CompileOptions = Pick<
  Options,
  'clang' | 'cflags' | 'include' | 'defines' | 'arch' | 'vmlinux' | 'cache' | 'cwd'
>

export interface CompileResult {
  /** The relocatable ELF, with BTF and DWARF; undefined when there are errors. */
  readonly object: Uint8Array | undefined
  /**
   * Absolute paths: the source, then every header read, system headers too, without the cache's vmlinux.h. After an error,
   * those known, as clang may have stopped before it had seen all.
   */
  readonly dependencies: readonly string[]
  /** The dependencies that clang treats as system headers. */
  readonly systemHeaders: readonly string[]
  /** The names of the option `defines`. */
  readonly macros: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  /** The source's folder: relative file names in the object's DWARF and BTF.ext start from it. */
  readonly folder: string
  /** A checksum of the result and of all files that it was made from; undefined if it is not cached. */
  readonly identity?: string | undefined
}

/**
 * Compiles one BPF source with clang, for one architecture: `arch`, or else the first of the option. Errors in the source
 * are returned as diagnostics. Concurrent compiles of the same source share one run.
 *
 * @throws ClangNotFoundError or CompileError if the machine is at fault, TypeError if an option is
 */
export async function compile(
  file: string,
  options: CompileOptions | ResolvedOptions = {},
  arch?: Arch,
): Promise<CompileResult> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const content = readSource(source)
  const clang = await findClang(resolved.clang, resolved.cacheDir)
  const job = jobFor(arch ?? resolved.arch[0], source, resolved, clang)
  const key = cacheKeyOf(job, content)
  const shared = running.get(key)
  if (shared) {
    const { result, started } = await shared
    // A header was saved while that compile ran: this call needs the new one.
    if (!isNewer(result.dependencies, started)) return result
  }
  const own = cachedOrCompiled(job, key).finally(() => {
    if (running.get(key) === own) running.delete(key)
  })
  running.set(key, own)
  return (await own).result
}

/** To be raised when equal arguments begin to give another result. */
const cacheVersion = '3'

interface TimedResult {
  readonly result: CompileResult
  /** When the compile started, as Date.now(). */
  readonly started: number
}

const running = new Map<string, Promise<TimedResult>>()

/** The last known dependencies of each job: clang lists none when it stops at a missing header. */
const lastDependencies = new Map<string, readonly string[]>()

async function cachedOrCompiled(job: Job, key: string): Promise<TimedResult> {
  const started = Date.now()
  const result = cachedResult(job, key) ?? (await compileWithClang(job, key, started))
  lastDependencies.set(sourceAndArch(job), result.dependencies)
  return { started, result }
}

async function compileWithClang(job: Job, key: string, started: number): Promise<CompileResult> {
  const { source } = job
  const last = lastDependencies.get(sourceAndArch(job))
  const translation = await translate(job, { isRebuild: last !== undefined })
  const { object, systemHeaders } = translation
  const isVmlinuxGenerated = translation.vmlinux !== undefined
  const headers = findLibbpfHeaders([...job.options.include, ...job.clang.systemIncludes])
  const diagnostics = withHints(translation.diagnostics, { isVmlinuxGenerated, headers })
  const known = object ? [] : [...(last ?? []), ...filesOf(diagnostics)]
  const dependencies = [...new Set([...translation.dependencies, ...known])]
  const folder = dirname(source)
  const macros = Object.keys(job.options.defines)
  const result: CompileResult = {
    object,
    diagnostics,
    dependencies,
    systemHeaders,
    macros,
    folder,
  }
  // A file saved meanwhile may differ from what clang has read.
  return isNewer(dependencies, started)
    ? result
    : storeResult(job, key, result, translation.vmlinux)
}

const filesOf = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.flatMap(({ file, includedFrom, notes }) =>
    [{ file }, ...includedFrom, ...notes].flatMap((place) => place.file ?? []),
  )

function jobFor(arch: Arch, source: string, options: ResolvedOptions, clang: Clang): Job {
  const include = options.include.map((path) => pathFor(arch, path))
  const vmlinux = pathFor(arch, options.vmlinux)
  return { source, arch, clang, options: { ...options, include, vmlinux } }
}

function readSource(source: string): Uint8Array {
  try {
    return readFileSync(source)
  } catch (error) {
    throw new CompileError(`cannot read ${source}: ${String(error)}`, { cause: error })
  }
}

/** Digests everything that decides the result but the headers. */
function cacheKeyOf({ arch, clang, options, source }: Job, content: Uint8Array): string {
  // Variables that clang reads.
  const environment = ['CPATH', 'C_INCLUDE_PATH', 'SOURCE_DATE_EPOCH', 'CCC_OVERRIDE_OPTIONS'].map(
    (name) => `${name}=${process.env[name] ?? ''}`,
  )
  const flags = [...languageFlags(dirname(source), arch, options, clang), ...outputFlags()]
  const parts = [
    cacheVersion,
    clang.identity,
    source,
    options.vmlinux,
    ...flags,
    ...environment,
    ...Object.keys(options.defines),
  ]
  return digest(...parts, content)
}

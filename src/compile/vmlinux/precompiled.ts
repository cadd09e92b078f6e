import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { temporaryName, writeAtomic } from '../cache/atomic-write.ts'
import { digest } from '../cache/digest.ts'
import { memoiseByStat } from '../cache/memoise-by-stat.ts'
import { isForeign, readOwnedFile } from '../cache/ownership.ts'
import { prune, markUsed } from '../cache/prune.ts'
import { messageFlags } from '../clang/arguments.ts'
import type { Clang } from '../clang/find-clang.ts'
import { parseDiagnostics } from '../clang/parse-diagnostics.ts'
import { runProcess, type ProcessOptions } from '../clang/run-process.ts'
import { createDebugger } from '../debug.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

/** Two files of 16 MB a header: enough for a few sets of flags. */
const maxWholeHeaders = 8

/** Headers to precompile. */
export interface HeadersToPrecompile {
  /** Absolute paths, in the order in which they are included. */
  readonly headers: readonly [string, ...string[]]
  /** A digest of all that is read. */
  readonly content: string
  /** The source's languageFlags(). */
  readonly flags: readonly string[]
  /** A file for `-ivfsoverlay`, if headers are read from other paths. */
  readonly overlay?: string
}

/** Headers that clang has precompiled; see precompiledFlags(). */
export interface Precompiled extends HeadersToPrecompile {
  readonly file: string
  /** Resolves to whether the file is undamaged. Compiles start without waiting for it. */
  readonly intact: () => Promise<boolean>
}

/** Returns the flags that put precompiled headers before a source. */
export function precompiledFlags({
  file,
  overlay,
}: Pick<Precompiled, 'file' | 'overlay'>): string[] {
  return ['-include-pch', file, ...overlayFlags({ overlay })]
}

const overlayFlags = ({ overlay }: { readonly overlay?: string | undefined }): string[] =>
  overlay === undefined ? [] : ['-ivfsoverlay', overlay]

const running = new Map<string, Promise<Precompiled | undefined>>()

export interface PrecompileOptions extends ProcessOptions {
  readonly folder: string
  /** The number of files that stay in the folder. */
  readonly maxFiles: number
}

/** Returns the files of a precompiled header. */
export const filesOf = ({ file }: Precompiled): string[] => [file, checksumFile(file)]

export const pchFolder = (cacheDir: string): PrecompileOptions => ({
  folder: join(cacheDir, 'pch'),
  maxFiles: maxWholeHeaders,
})

/**
 * Precompiles headers, or finds them in the cache, for one clang binary, its flags, and the headers' paths and content.
 * Undefined if clang cannot precompile them, or warns of the first header, vmlinux.h: such a header is parsed with each
 * program, so that each build shows the warnings.
 */
export function precompile(
  toPrecompile: HeadersToPrecompile,
  clang: Clang,
  options: PrecompileOptions,
): Promise<Precompiled | undefined> {
  const { content, flags, headers } = toPrecompile
  const key = digest(clang.identity, headers.join('\n'), content, ...flags).slice(0, 32)
  const file = join(options.folder, `${key}.pch`)
  let known = running.get(file)
  if (!known) {
    known = cachedOrPrecompiled(file, toPrecompile, clang, options).finally(() =>
      running.delete(file),
    )
    running.set(file, known)
  }
  return known
}

/** Deletes a damaged precompiled header. */
export async function dropPrecompiled(precompiled: Precompiled): Promise<void> {
  await Promise.all(filesOf(precompiled).map((file) => rm(file, { force: true })))
}

const checksumFile = (file: string): string => `${file}.sum`

/** The content of the checksum file of a header that is not precompiled, as it has warnings. */
const WARNS = 'warns'

async function cachedOrPrecompiled(
  file: string,
  toPrecompile: HeadersToPrecompile,
  clang: Clang,
  options: PrecompileOptions,
): Promise<Precompiled | undefined> {
  const sum = isForeign(file) ? undefined : readOwnedFile(checksumFile(file))?.toString()
  if (sum !== undefined) {
    for (const used of [file, checksumFile(file)]) markUsed(used)
    if (sum === WARNS) return undefined
    return { ...toPrecompile, file, intact: () => hasChecksum(file, sum) }
  }
  try {
    const made = await precompileNow(file, toPrecompile, clang, options)
    if (made === WARNS) return undefined
    return { ...toPrecompile, file, intact: () => hasChecksum(file, made) }
  } catch (error) {
    debug?.('%s cannot be precompiled: %s', toPrecompile.headers.join(', '), error)
    return undefined
  }
}

async function precompileNow(
  file: string,
  { flags, headers, overlay }: HeadersToPrecompile,
  clang: Clang,
  { maxFiles: kept, ...options }: PrecompileOptions,
): Promise<string> {
  const started = performance.now()
  let sum: string
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  const before = headers.slice(0, -1).flatMap((header) => ['-include', header])
  const last = headers.at(-1) ?? headers[0]
  // The file is named by the headers' content: their timestamps do not matter.
  const output = ['-x', 'c-header', last, '-o', temporary, '-Xclang', '-fno-pch-timestamp']
  try {
    const { exitCode, stderr } = await runProcess(
      clang.path,
      // libbpf's headers have warnings that no build shows: they must not be errors here.
      [
        ...flags,
        ...overlayFlags({ overlay }),
        '-Wno-error',
        ...messageFlags(),
        ...before,
        ...output,
      ],
      dirname(headers[0]),
      options,
    )
    if (exitCode !== 0) throw new Error(stderr)
    if (hasWarnings(headers[0], stderr)) {
      sum = WARNS
      debug?.('%s is not precompiled: clang warns of something in it', headers[0])
    } else {
      await rename(temporary, file)
      sum = await checksumOf(file)
    }
    await writeAtomic(checksumFile(file), sum)
  } finally {
    await rm(temporary, { force: true })
  }
  await prune(dirname(file), kept)
  debug?.('%s precompiled (%d ms)', headers.join(', '), Math.round(performance.now() - started))
  return sum
}

function hasWarnings(header: string, stderr: string): boolean {
  return parseDiagnostics(stderr, dirname(header), header).some(({ file }) => file === header)
}

const checksumOf = memoiseByStat(async (file) => digest(await readFile(file)))

async function hasChecksum(file: string, sum: string): Promise<boolean> {
  try {
    return (await checksumOf(file)) === sum
  } catch {
    return false
  }
}

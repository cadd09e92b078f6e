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

/** 16 MB each, and two files: enough for a few sets of flags. */
const maxWholeHeaders = 8

/** Headers to parse ahead. */
export interface HeadersToPrecompile {
  /** Absolute, one after another. */
  readonly headers: readonly [string, ...string[]]
  /** Names the content of all that is read. */
  readonly content: string
  /** languageFlags(), the same as the source's. */
  readonly flags: readonly string[]
  /** A file for `-ivfsoverlay`, if headers are read from elsewhere. */
  readonly overlay?: string
}

/** Headers that clang has parsed ahead; see precompiledFlags(). */
export interface Precompiled extends HeadersToPrecompile {
  readonly file: string
  /** Whether the file is what was written once; compiles start without waiting for it. */
  readonly intact: () => Promise<boolean>
}

/** What puts them before a source. */
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
  /** How many files stay in the folder. */
  readonly maxFiles: number
}

/** All that are in the folder. */
export const filesOf = ({ file }: Precompiled): string[] => [file, checksumFile(file)]

export const pchFolder = (cacheDir: string): PrecompileOptions => ({
  folder: join(cacheDir, 'pch'),
  maxFiles: maxWholeHeaders,
})

/**
 * The precompiled form of headers, from the cache or made now. It holds for one clang binary, its flags, and the headers'
 * paths and content. Undefined if clang cannot make one, or warns of something in the first header, vmlinux.h: such a
 * header is parsed with each program, so that each build shows the warnings.
 */
export function precompile(
  ahead: HeadersToPrecompile,
  clang: Clang,
  options: PrecompileOptions,
): Promise<Precompiled | undefined> {
  const { content, flags, headers } = ahead
  const key = digest(clang.identity, headers.join('\n'), content, ...flags).slice(0, 32)
  const file = join(options.folder, `${key}.pch`)
  let known = running.get(file)
  if (!known) {
    known = cachedOrPrecompiled(file, ahead, clang, options).finally(() => running.delete(file))
    running.set(file, known)
  }
  return known
}

/** Forgets a damaged one. */
export async function dropPrecompiled(precompiled: Precompiled): Promise<void> {
  await Promise.all(filesOf(precompiled).map((file) => rm(file, { force: true })))
}

const checksumFile = (file: string): string => `${file}.sum`

/** Stands in the sum's file where there is no precompiled one, for the header has warnings. */
const WARNS = 'warns'

async function cachedOrPrecompiled(
  file: string,
  ahead: HeadersToPrecompile,
  clang: Clang,
  options: PrecompileOptions,
): Promise<Precompiled | undefined> {
  const sum = isForeign(file) ? undefined : readOwnedFile(checksumFile(file))?.toString()
  if (sum !== undefined) {
    for (const used of [file, checksumFile(file)]) markUsed(used)
    if (sum === WARNS) return undefined
    return { ...ahead, file, intact: () => hasChecksum(file, sum) }
  }
  try {
    const made = await precompileNow(file, ahead, clang, options)
    if (made === WARNS) return undefined
    return { ...ahead, file, intact: () => hasChecksum(file, made) }
  } catch (error) {
    debug?.('%s cannot be precompiled: %s', ahead.headers.join(', '), error)
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
  // It is named by its content: when a header was written does not matter.
  const output = ['-x', 'c-header', last, '-o', temporary, '-Xclang', '-fno-pch-timestamp']
  try {
    const { exitCode, stderr } = await runProcess(
      clang.path,
      // libbpf's headers, which come along, have warnings that no build shows: none is an error here.
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

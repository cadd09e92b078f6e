import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Clang } from './clang.ts'
import { createDebugger } from './debug.ts'
import { digest } from './digest.ts'
import { prune, touch } from './prune.ts'
import { run } from './run.ts'
import { sinceWritten } from './since-written.ts'
import { temporaryName, writeWhole } from './write-whole.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

/** 16 MB each, and two files: enough for a few sets of flags. */
const kept = 8

/** Headers that clang has parsed ahead; they go before a source by `-include-pch`. */
export interface Precompiled {
  readonly file: string
  /** What is in it, absolute. */
  readonly headers: Headers
  /** Whether the file is what was written once; compiles start without waiting for it. */
  readonly intact: Promise<boolean>
}

type Headers = readonly [string, ...string[]]

const running = new Map<string, Promise<Precompiled | undefined>>()

/**
 * The precompiled form of headers, one after another, from the cache or made now; undefined if clang
 * cannot make one. It holds for one clang binary, its flags, and the headers' paths and content.
 *
 * @param content Names the content of all that is read.
 * @param flags languageFlags(), the same as the source's.
 */
export function precompile(
  headers: Headers,
  content: string,
  flags: readonly string[],
  clang: Clang,
  cacheDir: string,
): Promise<Precompiled | undefined> {
  const key = digest(clang.identity, headers.join('\n'), content, ...flags).slice(0, 32)
  const file = join(cacheDir, 'pch', `${key}.pch`)
  let known = running.get(file)
  if (!known) {
    known = cachedOrMade(file, headers, flags, clang).finally(() => running.delete(file))
    running.set(file, known)
  }
  return known
}

/** Forgets a damaged one. */
export async function dropPrecompiled({ file }: Precompiled): Promise<void> {
  await Promise.all([rm(file, { force: true }), rm(sumFile(file), { force: true })])
}

const sumFile = (file: string): string => `${file}.sum`

async function cachedOrMade(
  file: string,
  headers: Headers,
  flags: readonly string[],
  clang: Clang,
): Promise<Precompiled | undefined> {
  const sum = await readFile(sumFile(file), 'utf8').catch(() => undefined)
  if (sum !== undefined) {
    touch(file)
    touch(sumFile(file))
    return { file, headers, intact: hasSum(file, sum) }
  }
  try {
    await make(file, headers, flags, clang)
  } catch (error) {
    debug?.('%s cannot be precompiled: %s', headers.join(', '), error)
    return undefined
  }
  return { file, headers, intact: Promise.resolve(true) }
}

async function make(
  file: string,
  headers: Headers,
  flags: readonly string[],
  clang: Clang,
): Promise<void> {
  const started = performance.now()
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  const before = headers.slice(0, -1).flatMap((header) => ['-include', header])
  const last = headers.at(-1) ?? headers[0]
  // It is named by its content: when a header was written does not matter.
  const output = ['-x', 'c-header', last, '-o', temporary, '-Xclang', '-fno-pch-timestamp']
  try {
    const { exitCode, stderr } = await run(
      clang.path,
      [...flags, '-w', ...before, ...output],
      dirname(headers[0]),
    )
    if (exitCode !== 0) throw new Error(stderr)
    const sum = digest(await readFile(temporary))
    await rename(temporary, file)
    await writeWhole(sumFile(file), sum)
  } finally {
    await rm(temporary, { force: true })
  }
  await prune(dirname(file), kept)
  debug?.('%s precompiled (%d ms)', headers.join(', '), Math.round(performance.now() - started))
}

async function hasSum(file: string, sum: string): Promise<boolean> {
  try {
    return (await sinceWritten(file, async () => digest(await readFile(file)))) === sum
  } catch {
    return false
  }
}

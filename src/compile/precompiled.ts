import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Clang } from './clang.ts'
import { createDebugger } from './debug.ts'
import { digest } from './digest.ts'
import { prune, touch } from './prune.ts'
import { run } from './run.ts'
import { temporaryName, writeWhole } from './write-whole.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

/** 16 MB each, and two files: enough for a few sets of flags. */
const kept = 8

/** A header that clang has parsed ahead; it goes before a source by `-include-pch`. */
export interface Precompiled {
  readonly file: string
  /** Whether the file is what was written once; compiles start without waiting for it. */
  readonly intact: Promise<boolean>
}

const running = new Map<string, Promise<Precompiled | undefined>>()

/**
 * The header's precompiled form, from the cache or made now; undefined if clang cannot make one. It
 * holds for one clang binary, its flags, and the header's path and content.
 *
 * @param content Names the header's content.
 * @param flags languageFlags(), the same as the source's.
 */
export function precompile(
  header: string,
  content: string,
  flags: readonly string[],
  clang: Clang,
  cacheDir: string,
): Promise<Precompiled | undefined> {
  const key = digest(clang.identity, header, content, ...flags).slice(0, 32)
  const file = join(cacheDir, 'pch', `${key}.pch`)
  let known = running.get(file)
  if (!known) {
    known = cachedOrMade(file, header, flags, clang).finally(() => running.delete(file))
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
  header: string,
  flags: readonly string[],
  clang: Clang,
): Promise<Precompiled | undefined> {
  const sum = await readFile(sumFile(file), 'utf8').catch(() => undefined)
  if (sum !== undefined) {
    touch(file)
    touch(sumFile(file))
    return { file, intact: hasSum(file, sum) }
  }
  try {
    await make(file, header, flags, clang)
  } catch (error) {
    debug?.('%s cannot be precompiled: %s', header, error)
    return undefined
  }
  return { file, intact: Promise.resolve(true) }
}

async function make(
  file: string,
  header: string,
  flags: readonly string[],
  clang: Clang,
): Promise<void> {
  const started = performance.now()
  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  // It is named by its content: when the header was written does not matter.
  const output = ['-x', 'c-header', header, '-o', temporary, '-Xclang', '-fno-pch-timestamp']
  try {
    const { exitCode, stderr } = await run(clang.path, [...flags, '-w', ...output], dirname(header))
    if (exitCode !== 0) throw new Error(stderr)
    const sum = digest(await readFile(temporary))
    await rename(temporary, file)
    await writeWhole(sumFile(file), sum)
  } finally {
    await rm(temporary, { force: true })
  }
  await prune(dirname(file), kept)
  debug?.('%s precompiled (%d ms)', header, Math.round(performance.now() - started))
}

async function hasSum(file: string, sum: string): Promise<boolean> {
  try {
    return digest(await readFile(file)) === sum
  } catch {
    return false
  }
}

import { readFile, rm } from 'node:fs/promises'
import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Clang } from './clang.ts'
import { createDebugger } from './debug.ts'
import { digest } from './digest.ts'
import { run } from './run.ts'
import { temporaryName, writeWhole } from './write-whole.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

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
  if (sum !== undefined) return { file, intact: hasSum(file, sum) }

  await mkdir(dirname(file), { recursive: true })
  const temporary = temporaryName(file)
  // Named by content: when the header was written says nothing.
  const output = ['-x', 'c-header', header, '-o', temporary, '-Xclang', '-fno-pch-timestamp']
  const made = await run(clang.path, [...flags, '-w', ...output], dirname(header))
  if (made.exitCode !== 0) {
    debug?.('%s cannot be precompiled:\n%s', header, made.stderr)
    await rm(temporary, { force: true })
    return undefined
  }
  await rename(temporary, file)
  await writeWhole(sumFile(file), digest(await readFile(file)))
  return { file, intact: Promise.resolve(true) }
}

async function hasSum(file: string, sum: string): Promise<boolean> {
  try {
    return digest(await readFile(file)) === sum
  } catch {
    return false
  }
}

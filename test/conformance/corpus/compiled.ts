import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { execa } from 'execa'

import { findClang, type Clang } from '../../../src/compile/clang/find-clang.ts'
import { cached, cacheFolder } from '../../debian/cache.ts'
import type { Corpus } from './corpus.ts'
import { inParallel } from './in-parallel.ts'

export interface Sources {
  readonly name: string
  readonly files: readonly string[]
  readonly flags: readonly string[]
  /** `bpfel` unless told. */
  readonly target?: 'bpfel' | 'bpfeb'
  /** Sources that include the kernel's own headers are C of this machine, of which BPF is made at the end. */
  readonly isHostC?: boolean
}

const REFUSED = 'refused.txt'

/** What clang makes of the sources, once a machine and clang. Those that it refuses are lacking. */
export async function compiled(sources: Sources): Promise<Corpus> {
  const clang = await findClang(undefined, cacheFolder)
  const key = JSON.stringify([clang.identity, sources])
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8)
  const folder = await cached(join('objects', `${sources.name} ${hash}`), async (output) => {
    const refusals = await inParallel(sources.files, async (file) => {
      const object = join(output, basename(file).replace(/(\.bpf)?\.c$/u, '.o'))
      const refusal = await compileOne(clang, sources, file, object)
      return refusal && `${basename(file)}: ${refusal}`
    })
    await writeFile(join(output, REFUSED), refusals.filter(Boolean).join('\n'))
  })
  const names = (await readdir(folder)).filter((file) => file !== REFUSED)
  const lacking = (await readFile(join(folder, REFUSED), 'utf8')).split('\n')
  return {
    name: sources.name,
    objects: names.toSorted().map((file) => join(folder, file)),
    lacking: lacking.filter(Boolean),
  }
}

async function compileOne(
  clang: Clang,
  { flags, target = 'bpfel', isHostC }: Sources,
  file: string,
  object: string,
): Promise<string | undefined> {
  const run = async (...words: string[]): Promise<string | undefined> => {
    const done = await execa('nice', [clang.path, '-g', '-O2', '-w', ...words], { reject: false })
    return done.failed ? (/\berror: .*/u.exec(done.stderr)?.[0] ?? done.message) : undefined
  }
  const forBpf = ['-target', target, '-mcpu=v3']
  if (!isHostC) {
    const system = clang.systemIncludes.flatMap((folder) => ['-idirafter', folder])
    return run(...forBpf, ...flags, ...system, '-c', file, '-o', object)
  }
  const code = `${object}.bc`
  try {
    const unoptimised = ['-emit-llvm', '-Xclang', '-disable-llvm-passes']
    const refusal = await run(...unoptimised, ...flags, '-c', file, '-o', code)
    return refusal ?? (await run(...forBpf, '-x', 'ir', '-c', code, '-o', object))
  } finally {
    await rm(code, { force: true })
  }
}

/** A rebuild that reads a cut vmlinux.h gives what the whole one gives, for programs of others. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

import { afterAll, expect, it } from 'vitest'

import { compile } from '../../src/compile/compile.ts'
import { leadingInclude } from '../../src/compile/vmlinux/leading-include.ts'
import { STUB } from '../../src/compile/vmlinux/minimise-header.ts'
import { minimisingSettled } from '../../src/compile/vmlinux/minimised-build.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { libbpfHeaders } from '../debian/linux-tools.ts'
import { Unavailable } from '../debian/unavailable.ts'
import { isFull } from './corpus/corpora.ts'
import { inParallel } from './corpus/in-parallel.ts'
import {
  inSource,
  type Place,
  selftests61,
  selftests73,
  sourcesIn,
  vmlinuxHeader,
} from './corpus/kernel-sources.ts'

const folder = await mkdtemp(join(tmpdir(), 'minimised '))
afterAll(async () => {
  await minimisingSettled()
  await rm(folder, { recursive: true })
})

/** Outside of full runs, only each nth source. */
const oneOf = 16

const places = isFull ? [selftests61, selftests73] : [selftests61]
it.for(places)('$name', { timeout: 3_600_000 }, async (place, { skip }) => {
  const include = await includeFolders(place).catch((error: unknown) => {
    if (error instanceof Unavailable) return skip(`it is not to be had: ${error.message}`)
    throw error
  })
  const sources = (await sourcesIn(place))
    .filter((file) => leadingInclude(file, include, 'vmlinux.h'))
    .filter((_, index) => isFull || index % oneOf === 0)
  const verdicts = await inParallel(sources, (file) => judge(file, include))
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length
  const figures = (['equal', 'whole', 'different', 'not compiled'] as const).map(
    (verdict) => `${count(verdict)} ${verdict}`,
  )
  console.log(`minimised, ${place.name}: ${figures.join(', ')}`)
  expect(sources.filter((_, index) => verdicts[index] === 'different')).toEqual([])
  expect(count('equal')).toBeGreaterThan(sources.length / 2)
})

/** `whole`: the minimised header did not do. */
type Verdict = 'equal' | 'different' | 'whole' | 'not compiled'

async function judge(file: string, include: readonly string[]): Promise<Verdict> {
  const name = basename(file)
  const text = await readFile(file, 'utf8')
  const options = { cache: join(folder, 'cache'), include, cflags: ['-w'] }
  const edited = async (edit: string, copy: string): Promise<Uint8Array | undefined> => {
    // A folder of its own: some include others, which lie beside them or do not.
    const source = join(folder, name, copy, name)
    await mkdir(dirname(source), { recursive: true })
    await writeFile(source, `${text}// ${edit}\n`)
    const { object } = await compile(source, options)
    return object
  }
  if (!(await edited('first', 'edited'))) return 'not compiled'
  await edited('second', 'edited')
  await minimisingSettled()
  const [object, whole] = [await edited('third', 'edited'), await edited('third', 'new')]
  if (!object || !whole) return 'different'
  if (Buffer.compare(stripDebug(object), stripDebug(whole)) !== 0) return 'different'
  return Buffer.from(object).includes(STUB) ? 'equal' : 'whole'
}

async function includeFolders({ headers, version }: Place): Promise<string[]> {
  const folders = [await vmlinuxHeader(version), await libbpfHeaders(version)].flat()
  return [...folders, ...(await inSource(version, [...headers, 'tools/include/uapi']))]
}

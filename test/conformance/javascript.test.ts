/** Generated modules run as they are, with the layouts that layout.test.ts checks; TypeScript takes their declarations. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'

import { checkedLayout } from '../../src/codec/checked-layout.ts'
import type { Codec } from '../../src/runtime/index.ts'
import { tsconfig, typeCheck } from '../codegen/typescript.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { inParallel } from './corpus/in-parallel.ts'
import { generate } from './generated.ts'
import { isRefusal } from './refusal.ts'

conforms(
  'JavaScript module',
  (paths) => withFolder((folder) => each((path) => evaluate(path, folder))(paths)),
  { oneOf: 4 },
)

conforms('declarations under tsc --strict', (paths) =>
  withFolder(async (folder) => {
    const written = await inParallel(paths, (path) => attempt(() => generate(path, folder)))
    // tsc would complain of nothing to check.
    if (written.every((one) => one === undefined)) return paths.map((): Verdict => 'refused')
    await writeFile(join(folder, 'tsconfig.json'), tsconfig)
    const errors = await typeCheck(folder, 'typescript-7')
    const found = paths.map((path, index): Verdict => {
      if (written[index] === undefined) return 'refused'
      const file = `${basename(path, '.o')}.d.c.ts`
      const line = errors.split('\n').find((line) => line.includes(`/${file}(`))
      return line === undefined ? 'equal' : { difference: line }
    })
    // Of no file, or of a file that is no object's.
    const isSilent = found.every((verdict) => typeof verdict === 'string')
    return isSilent && errors !== '' ? [{ difference: errors }] : found
  }),
)

interface GeneratedModule {
  readonly default: { readonly name: string; readonly object: Uint8Array }
  readonly types: Readonly<Record<string, Codec<unknown>>>
}

async function evaluate(path: string, folder: string): Promise<Verdict> {
  const generated = await attempt(() => generate(path, folder))
  if (!generated) return 'refused'
  const { module, model } = generated
  const { default: skeleton, types } = (await import(pathToFileURL(module).href)) as GeneratedModule
  if (skeleton.name !== model.name) return { difference: `it is called ${skeleton.name}` }
  const names = model.exports.types.map(({ name }) => name)
  if (!isDeepStrictEqual(Object.keys(types), names)) return { difference: 'it has other types' }
  for (const { name, layout } of model.exports.types) {
    const codec = types[name]
    if (!codec || !isDeepStrictEqual(codec.layout, checkedLayout(layout))) {
      return { difference: `${name} lies otherwise` }
    }
    codec.decode(new Uint8Array(codec.size))
  }
  return 'equal'
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

import { resolve } from 'node:path'

import { cHeader } from '../codegen/c-header.ts'
import { declarations } from '../codegen/declarations.ts'
import { javascript } from '../codegen/javascript.ts'
import { describeSkeleton } from '../codegen/json.ts'
import { choices } from './choices.ts'
import { choice, type Flags, one, singleArchOptions } from './flags.ts'
import { writeOutput } from './output.ts'
import { readSkeleton, type Skeleton } from './read-skeleton.ts'

/** Prints the skeleton of a source or an object. */
export async function genSkeleton(source: string, flags: Flags): Promise<void> {
  const language = choice(flags, 'lang', choices.lang, 'js')
  const out = one(flags, 'o')
  if (language === 'c') singleArchOptions(flags, 'a C header')
  const skeleton = await readSkeleton(source, flags)
  // The declaration map leads from this file to the source.
  const file = resolve(out ?? source.replace(/(\.[^./]+)$/, '.d$1.ts'))
  const text = print(skeleton, language, { file, source: resolve(source) })
  return writeOutput(out, text, skeleton.dependencies)
}

function print(
  skeleton: Skeleton,
  language: (typeof choices.lang)[number],
  places: { file: string; source: string },
): string {
  const { model, bpf, object, embedded } = skeleton
  switch (language) {
    case 'js':
      return javascript(model, embedded)
    case 'dts':
      return declarations(model, places)
    case 'c':
      return cHeader(bpf, object)
    case 'json':
      return `${JSON.stringify(describeSkeleton(model, bpf), undefined, 2)}\n`
  }
}

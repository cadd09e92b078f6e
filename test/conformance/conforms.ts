import { basename } from 'node:path'

import { describe, expect, it } from 'vitest'

import { Unavailable } from '../debian/unavailable.ts'
import { CORPORA, isFull } from './corpus/corpora.ts'
import type { Corpus } from './corpus/corpus.ts'
import { inParallel } from './corpus/in-parallel.ts'
import { reasonOf } from './exceptions.ts'

/**
 * What became of an object: `equal`; `refused`, by bpftool too; `passed over`, as it has nothing to compare; else the first
 * line that differs.
 */
export type Verdict = 'equal' | 'refused' | 'passed over' | { readonly difference: string }

/** Judges one object at a time. */
export function each(
  judge: (path: string) => Promise<Verdict>,
): (paths: readonly string[]) => Promise<readonly Verdict[]> {
  return (paths) => inParallel(paths, judge)
}

interface Options {
  /** Outside of full runs, only each nth object. */
  readonly oneOf?: number
  /** Why objects of a kernel's source are passed over, if they are. */
  readonly unfit?: (linux: string) => string | undefined
}

/** A test a corpus: `judge` finds no difference among its objects that exceptions.ts does not name. */
export function conforms(
  check: string,
  judge: (paths: readonly string[]) => Promise<readonly Verdict[]>,
  { oneOf = 1, unfit }: Options = {},
): void {
  describe(check, () => {
    it.for(CORPORA)('$name', { timeout: 3_600_000 }, async ({ linux, obtain }, { skip }) => {
      const reason = linux && unfit?.(linux)
      if (reason) skip(reason)
      const corpora = await obtain().catch((error: unknown) => {
        if (error instanceof Unavailable) return skip(`it is not to be had: ${error.message}`)
        throw error
      })
      for (const corpus of corpora) {
        const { objects } = corpus
        const tried = objects.filter((_, index) => isFull || index % oneOf === 0)
        const verdicts = await judge(tried)
        expect(report(check, corpus, tried, verdicts)).toEqual([])
      }
    })
  })
}

/** Prints the figures. Returns the differences for which there is no reason. */
function report(
  check: string,
  { name, objects, lacking }: Corpus,
  tried: readonly string[],
  verdicts: readonly Verdict[],
): string[] {
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length
  const differences = verdicts.flatMap((verdict, index) => {
    if (typeof verdict === 'string') return []
    const object = basename(tried[index] ?? '')
    return [{ object, text: verdict.difference, reason: reasonOf(check, object) }]
  })
  const figures = [
    `${tried.length} of ${objects.length} objects tried`,
    `${count('equal')} equal`,
    `${differences.length} different`,
    `${count('refused')} refused`,
    `${count('passed over')} have nothing to compare`,
    `${lacking.length} not compiled`,
  ]
  const lines = [
    `${check}, ${name}: ${figures.filter((figure) => !figure.startsWith('0 ')).join(', ')}`,
    ...differences.map(({ object, text, reason }) => `  ${object}: ${text} (${reason ?? '?'})`),
    ...(isFull ? lacking.map((line) => `  not compiled: ${line}`) : []),
  ]
  console.log(lines.join('\n'))
  return differences
    .filter(({ reason }) => reason === undefined)
    .map(({ object, text }) => `${object}: ${text}`)
}

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

import type { Refusal } from './load.ts'
import { lacks, refusals } from './refusals.ts'

/** Each is refused at its line, in the same plain words whatever the kernel. */
export function expectRefusals(found: readonly Refusal[]): void {
  expect(found.map(({ program }) => program).toSorted()).toEqual(
    [...Object.keys(refusals), ...Object.keys(lacks)].toSorted(),
  )
  for (const refusal of found) expectRefusal(refusal)
}

function expectRefusal({ program, kind, message, reason, source, log }: Refusal): void {
  const lacking = lacks[program]
  if (lacking) {
    expect({ program, kind, message }).toMatchObject({
      kind: 'BpfError',
      message: expect.stringMatching(lacking),
    })
    return
  }
  const place = markedLine(program)
  expect({ program, kind, reason, source, log, message }).toMatchObject({
    kind: 'VerifierError',
    reason: expect.stringMatching(refusals[program] ?? /^$/),
    source: { ...place, column: expect.any(Number) },
    message: expect.stringContaining(`${place.file}:${place.line}:${source?.column}`),
  })
}

/** The line that ends in the program's name as a comment, or follows one of nothing else. */
function markedLine(program: string): { file: string; line: number; text: string } {
  for (const file of ['refused.bpf.c', 'inner.h', 'proprietary.bpf.c']) {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const lines = readFileSync(path, 'utf8').split('\n')
    const marked = lines.findIndex((line) => line.endsWith(`// ${program}`))
    if (marked < 0) continue
    const index = /^\s*\/\//.test(lines[marked] ?? '') ? marked + 1 : marked
    return { file, line: index + 1, text: lines[index] ?? '' }
  }
  throw new Error(`no line is marked with ${program}`)
}

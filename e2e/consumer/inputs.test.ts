import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { refusingUndefined } from './inputs.ts'

const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What generated modules hand in, not users. */
const generated = new Set([
  'ArrayLayout',
  'CharsLayout',
  'Field',
  'InfoLayout',
  'IntLayout',
  'KernelNeed',
  'MapKind',
  'Member',
  'ProgramHandle',
  'ProgramSpec',
  'MapTypeRequirements',
  'SectionFacts',
  'Shape',
  'SkeletonSpec',
  'Union',
])

describe('under exactOptionalPropertyTypes', () => {
  it('every optional property that a user hands in takes undefined', () => {
    const entries = [
      'src/compile/options/options.ts',
      'src/runtime/index.ts',
      'src/runtime/symbols/index.ts',
      'src/runtime/net/index.ts',
    ]
    const refusing = refusingUndefined(entries.map(source))
    const ofUsers = refusing.filter((name) => !generated.has(name.replace(/\..*/, '')))
    expect(ofUsers).toEqual([])
  })
})

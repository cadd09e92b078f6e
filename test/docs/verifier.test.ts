import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { generalExplanations } from '../../src/runtime/verifier/explanations/general.ts'

const page = readFileSync(new URL('../../docs/verifier.md', import.meta.url), 'utf8')
const named = generalExplanations.verifier.flatMap(([, meaning]) =>
  Array.from(
    meaning.matchAll(/docs\/verifier\.md of unplugin-bpf, "([^"]+)"/g),
    ([, heading]) => heading,
  ),
)

test('explanations that send to docs/verifier.md name headings of it', () => {
  expect(named.length).toBeGreaterThan(3)
  for (const heading of named) expect(page).toContain(`\n## ${heading}\n`)
})

test('no explanation tells to compare what the C may have compared', () => {
  for (const [, meaning] of generalExplanations.verifier)
    expect(meaning).not.toMatch(/compare it with its limits/)
})

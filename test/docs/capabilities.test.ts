import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { matchSection } from '../../src/object/section-definitions.ts'
import { networkMapTypes } from '../../src/runtime/maps/needed-capabilities.ts'
import { neededCapabilities } from '../../src/runtime/programs/needed-capabilities.ts'

const page = readFileSync(new URL('../../docs/capabilities.md', import.meta.url), 'utf8')

/** The cells of each row of the page's table, without its two lines of head. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

test('the table of docs/capabilities.md is what errors and doctor go by', () => {
  const written = rows.map(([type, , load, more]) => [type, load, more])
  const known = Object.entries(neededCapabilities).map(([type, { load, attach = [] }]) => [
    type,
    load.join(', '),
    attach.map(({ how, capabilities }) => `${how}: ${capabilities.join(', ')}`).join('; '),
  ])
  expect(written).toEqual(known)
})

test.for(rows)('the sections of %s are of that type', ([type, sections = '']) => {
  const names = Array.from(sections.matchAll(/`([^`]+)`/g), ([, name = '']) => name)
  expect(names).not.toEqual([])
  for (const name of names) {
    expect([name, matchSection(name)?.definition.type.toLowerCase()]).toEqual([name, type])
  }
})

test('the maps that need more are named', () => {
  const names = Object.values(networkMapTypes).toSorted()
  expect(page).toContain(
    `${names.slice(0, -1).join(', ')} and ${names.at(-1)} need CAP_BPF and CAP_NET_ADMIN`,
  )
})

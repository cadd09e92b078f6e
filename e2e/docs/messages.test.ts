import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { globSync } from 'tinyglobby'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The messages of V8's that people meet here. */
const foreign = new Set(['Do not know how to serialize a BigInt'])

const page = read('docs/guide/errors.md')
const messages = page
  .slice(page.indexOf('## By message'))
  .split('\n')
  .flatMap((line) => /^\| `(.*?)` \|/.exec(line)?.[1] ?? [])
  .filter((message) => !foreign.has(message))

/** The source with strings as they are read: no escapes, nothing between two parts of one. */
const source = globSync(['src/**/*.ts', 'plugin/**/*.ts'], { cwd: root })
  .map(read)
  .join('\n')
  .replaceAll(String.raw`\'`, "'")
  .replaceAll(/['"`] \+\s+['"`]/g, '')

it.each(messages)('a message of the page of errors is in the source: %s', (message) => {
  const missing = message.split('…').filter((part) => !source.includes(part))
  expect(missing).toEqual([])
})

it('the page of errors has messages', () => {
  expect(messages.length).toBeGreaterThan(15)
})

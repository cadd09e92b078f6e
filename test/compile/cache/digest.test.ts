import { readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test, vi } from 'vitest'

import { contentOf } from '../../../src/compile/cache/digest.ts'
import { project } from '../project.ts'

vi.mock('node:fs', { spy: true })

const readsOf = (file: string): number =>
  vi.mocked(readFileSync).mock.calls.filter(([path]) => path === file).length

test('content is named anew however fast a file is written, and whatever time is set', () => {
  const file = join(project({ file: '0000' }), 'file')
  const names = Array.from({ length: 50 }, (_, index) => {
    writeFileSync(file, String(index).padStart(4, '0'))
    utimesSync(file, 1, 1)
    return contentOf(file)
  })
  expect(new Set(names).size).toBe(names.length)
  expect([contentOf(file), readsOf(file)]).toEqual([names.at(-1), names.length + 1])
})

test('an old file is read once, until it is written or replaced', async () => {
  const folder = project({ file: 'first', next: 'other' })
  const file = join(folder, 'file')
  await sleep(1100)
  const first = contentOf(file)
  expect([contentOf(file), readsOf(file)]).toEqual([first, 1])
  renameSync(join(folder, 'next'), file)
  const other = contentOf(file)
  expect(other).not.toBe(first)
  writeFileSync(file, 'first')
  expect([contentOf(file), readsOf(file)]).toEqual([first, 3])
})

test('a file that cannot be read has none', () => {
  expect(contentOf(join(project(), 'none'))).toBe('')
})

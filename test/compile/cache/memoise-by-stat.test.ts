import { renameSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test, vi } from 'vitest'

import { memoiseByStat } from '../../../src/compile/cache/memoise-by-stat.ts'
import { markUsed } from '../../../src/compile/cache/prune.ts'
import { project, write } from '../project.ts'

function watched(files: Readonly<Record<string, string>>) {
  const folder = project(files)
  const file = join(folder, 'file')
  const find = vi.fn(() => readFile(file, 'utf8').catch(() => undefined))
  const since = memoiseByStat(find)
  return { folder, file, find, content: () => since(file) }
}

test('looks into a file once', async () => {
  const { content, find } = watched({ file: 'first' })
  expect([await content(), await content()]).toEqual(['first', 'first'])
  expect(find).toHaveBeenCalledTimes(1)
})

test.each([
  ['written', (folder: string) => write(folder, { file: 'other' })],
  ['replaced', (folder: string) => renameSync(join(folder, 'next'), join(folder, 'file'))],
])('looks again once it is %s', async (_, change) => {
  const { content, folder } = watched({ file: 'first', next: 'other' })
  await content()
  // The kernel's clock for files goes by ticks, which virtual machines may miss.
  await sleep(50)
  change(folder)
  expect(await content()).toBe('other')
})

test('looks again where there was none', async () => {
  const { content, folder } = watched({})
  expect(await content()).toBeUndefined()
  write(folder, { file: 'first' })
  expect(await content()).toBe('first')
})

test('to use a file of the cache is not to write it', async () => {
  const { content, file, find } = watched({ file: 'first' })
  await content()
  const { atimeMs } = statSync(file)
  await sleep(5)
  markUsed(file)
  await vi.waitUntil(() => statSync(file).atimeMs > atimeMs)
  await content()
  expect(find).toHaveBeenCalledTimes(1)
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { formatMessages, type PartialMessage } from 'esbuild'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { Builds } from '../../plugin/builds.ts'
import { esbuildMessage, failureText, type BuildFailure, rollupLog } from '../../plugin/report.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function failing(text: string, options = {}): Promise<BuildFailure> {
  const source = join(folder, 'bad.bpf.c')
  await writeFile(source, text)
  const outcome = await new Builds({ cache: false, types: false, ...options }).build(source)
  if (outcome.kind === 'built') throw new Error('it builds')
  return outcome
}

const misspelt = `int counter;
int bump(void)
{
	return /* ä */ countr + 1;
}
`

it('gives Rollup and Vite the place, in characters, with the source line and the note below', async () => {
  const log = rollupLog(await failing(misspelt))
  const file = join(folder, 'bad.bpf.c')
  expect(log).toMatchObject({
    id: file,
    loc: { file, line: 4, column: 16 },
    plugin: 'unplugin-bpf',
  })
  // clang counts bytes, and ä has two.
  expect(log.message).toBe(
    `${file}:4:18: error: use of undeclared identifier 'countr'; did you mean 'counter'?`,
  )
  expect(log.frame).toContain('4 | \treturn /* ä */ countr + 1;\n')
  expect(log.frame).toContain(' | \t               ^~~~~~')
  expect(log.frame).toContain(`${file}:1:5: note: 'counter' declared here`)
})

it('gives them all errors in one log, for they stop at the first', async () => {
  const log = rollupLog(await failing('int a = b;\nint c = d;\n'))
  expect(log.message).toContain("1:9: error: use of undeclared identifier 'b'")
  expect(log.frame).toContain("2:9: error: use of undeclared identifier 'd'")
})

it('gives esbuild code frames for the error, its fix-it and its note', async () => {
  const failure = await failing(misspelt)
  const errors = failure.kind === 'refused' ? failure.errors : []
  const messages: PartialMessage[] = errors.map((error) => esbuildMessage(error, folder))
  const [text] = await formatMessages(messages, { kind: 'error', terminalWidth: 0 })
  expect(text).toBe(`✘ [ERROR] use of undeclared identifier 'countr'; did you mean 'counter'?

    bad.bpf.c:4:17:
      4 │   return /* ä */ countr + 1;
        ╵                  ~~~~~~

  Suggested fix:

    bad.bpf.c:4:17:
      4 │   return /* ä */ countr + 1;
        │                  ~~~~~~
        ╵                  counter

  'counter' declared here

    bad.bpf.c:1:4:
      1 │ int counter;
        ╵     ~~~~~~~

`)
})

it('says how a header with an error came in', async () => {
  await writeFile(join(folder, 'bad.h'), 'int a = b;\n')
  const failure = await failing('\n#include "bad.h"\n')
  expect(failureText(failure)).toContain(`${join(folder, 'bad.h')}:1:9: error: `)
  const errors = failure.kind === 'refused' ? failure.errors : []
  expect(errors.map((error) => esbuildMessage(error, folder))).toMatchObject([
    {
      location: { file: 'bad.h', line: 1, column: 8, length: 1, lineText: 'int a = b;' },
      notes: [{ text: 'included from here', location: { file: 'bad.bpf.c', line: 2 } }],
    },
  ])
})

it('reports a machine without clang as one sentence, in no place', async () => {
  const failure = await failing('int a;\n', { clang: 'no-such-clang' })
  expect(rollupLog(failure)).toEqual({ message: failureText(failure), plugin: 'unplugin-bpf' })
  expect(failureText(failure)).toContain('no-such-clang')
})

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { parseDepfile } from '../../../src/compile/clang/depfile.ts'
import { findClang } from '../../../src/compile/clang/find-clang.ts'
import { project } from '../project.ts'

test.each([
  ['one rule', 'a.o: a.c b.h\n', ['a.c', 'b.h']],
  ['continued lines', 'a.o: a.c \\\n  b.h \\\r\n  c.h\n', ['a.c', 'b.h', 'c.h']],
  ['blanks in a name', 'a.o: my\\ file.c\n', ['my file.c']],
  ['backslashes before a blank are doubled', 'a.o: a\\\\\\ b.c c.h\n', ['a\\ b.c', 'c.h']],
  ['other backslashes are themselves', 'a.o: C:\\src\\a.c\n', ['C:\\src\\a.c']],
  ['hash and dollar', 'a.o: a\\#1.c $$HOME.h\n', ['a#1.c', '$HOME.h']],
  ['a target with a blank and a drive', 'C:\\my\\ dir\\a.o: a.c\n', ['a.c']],
  ['the rules of -MP are not read', 'a.o: a.c b.h\nb.h:\n', ['a.c', 'b.h']],
  ['no rule', '', []],
])('%s', (_, text, names) => expect(parseDepfile(text)).toEqual(names))

test('reads what clang writes', async () => {
  const headers = ['a b.h', 'a#b.h', '$c.h', "q'.h", 'ünï.h', 'x:y.h']
  const folder = project({
    ...Object.fromEntries(headers.map((name) => [name, ''])),
    'm.c': headers.map((name) => `#include "${name}"\n`).join(''),
  })
  const { path } = await findClang(undefined, join(folder, 'cache'))
  execFileSync(path, ['-fsyntax-only', '-MD', '-MF', 'm.d', 'm.c'], { cwd: folder })
  expect(parseDepfile(readFileSync(join(folder, 'm.d'), 'utf8'))).toEqual(['m.c', ...headers])
})

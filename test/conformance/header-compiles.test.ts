/** The C skeleton compiles alone, as C and as C++: it defines the types that its globals use. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { execa } from 'execa'
import { afterAll } from 'vitest'

import { cHeader } from '../../src/codegen/c-header.ts'
import { readObject } from '../../src/object/read-object.ts'
import { libbpf18 } from '../debian/linux-tools.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { isRefusal } from './refusal.ts'

const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
afterAll(() => rm(folder, { recursive: true }))

// gcc 12 knows no btf_type_tag.
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-attributes']

const compilers = [
  { command: 'gcc', words: ['-x', 'c', ...WARNINGS] },
  { command: 'g++', words: ['-x', 'c++', ...WARNINGS] },
]

for (const { command, words } of compilers) {
  conforms(`C skeleton through ${command}`, each(judge), { oneOf: 8 })

  async function judge(path: string): Promise<Verdict> {
    const header = join(folder, `${basename(path)}.${command}.h`)
    try {
      const bytes = await readFile(path)
      await writeFile(header, cHeader(readObject(bytes, { name: 'program_bpf' }), bytes))
    } catch (error) {
      if (isRefusal(error)) return 'refused'
      throw error
    }
    const how = ['-fsyntax-only', ...words, '-isystem', (await libbpf18()).include, header]
    const done = await execa(command, how, { reject: false })
    await rm(header)
    if (!done.failed) return 'equal'
    return { difference: done.stderr.split('\n').find((line) => /error/u.test(line)) ?? 'killed' }
  }
}

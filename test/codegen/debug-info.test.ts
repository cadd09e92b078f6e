import { join } from 'node:path'

import { expect, it } from 'vitest'

import { archBuildOf } from '../../src/codegen/arch-build.ts'
import { compile } from '../../src/compile/compile.ts'
import { readElf } from '../../src/elf/elf.ts'
import { PRELUDE, project } from './project.ts'

const source = `
#define LIMIT 5
struct only_in_dwarf { int a; };
struct in_btf { int b; };
struct in_btf counter;
SEC("xdp") int pass(void *c) { return counter.b; }
`

it('that cannot be read costs what it alone says, with one warning, and never the object', async () => {
  const folder = project({ 'program.bpf.c': PRELUDE + source })
  const file = join(folder, 'program.bpf.c')
  const compiled = await compile(file, { cache: false })
  const object = compiled.object?.slice() ?? new Uint8Array()
  const info = readElf(object).sections.find(({ name }) => name === '.debug_info')
  // The unit's version.
  object.set([99, 0], (info?.offset ?? 0) + 4)

  const { built: made, diagnostics } = archBuildOf(file, { ...compiled, object })
  expect(diagnostics).toMatchObject([
    { severity: 'warning', file, message: expect.stringContaining('DWARF version 99') },
  ])
  expect(made?.model).toMatchObject({ defines: [], programs: [{ name: 'pass' }] })
  expect(made?.model.exports.types.map(({ name }) => name)).toEqual(['in_btf'])

  const whole = archBuildOf(file, compiled)
  expect(whole.diagnostics).toEqual([])
  expect(whole.built?.model.exports.types.map(({ name }) => name)).toEqual([
    'in_btf',
    'only_in_dwarf',
  ])
  expect(made?.object).toEqual(whole.built?.object)
})

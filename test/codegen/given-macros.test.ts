import { join } from 'node:path'

import { expect, it } from 'vitest'

import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { PRELUDE, project } from './project.ts'

const source = `${PRELUDE}
#define OWN 1
#ifdef OVERRIDDEN
#undef OVERRIDDEN
#endif
#define OVERRIDDEN 5
#undef REMOVED
int count;
`
const defines = {
  DEBUG: true,
  MAX: 4,
  NAME: '"agent"',
  OFF: false,
  OVERRIDDEN: 9,
  REMOVED: 1,
  'ADD(a)': 'a',
}

async function definesOf(options: object): Promise<Record<string, unknown>> {
  const file = join(project({ 'a.bpf.c': source }), 'a.bpf.c')
  const { model, declarationsFor, diagnostics } = await buildSkeleton(file, options)
  expect(diagnostics).toEqual([])
  const found = Object.fromEntries((model?.defines ?? []).map(({ name, value }) => [name, value]))
  for (const name of Object.keys(found))
    expect(declarationsFor?.(file)).toContain(`readonly ${name}`)
  return found
}

it.each([true, false])(
  'macros of the option defines are the module’s, cached: %s',
  async (cache) => {
    const options = { defines, cache }
    for (let i = 0; i < 2; i++) {
      expect(await definesOf(options)).toEqual({
        OWN: 1,
        DEBUG: 1,
        MAX: 4,
        NAME: 'agent',
        OVERRIDDEN: 5,
      })
    }
  },
)

it('macros of cflags are not', async () => {
  expect(await definesOf({ cflags: ['-DMAX=4'] })).toEqual({ OWN: 1, OVERRIDDEN: 5 })
})

import { describe, expect, it } from 'vitest'

import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { ObjectError } from '../../src/object/object-error.ts'
import { readObject } from '../../src/object/read-object.ts'
import { PRELUDE, project } from '../codegen/project.ts'
import { objectOf } from '../elf/object-of.ts'
import { objectFrom } from './object-from.ts'

const program = (sum: string) => `SEC("xdp") int f(void *c) { return ${sum}; }`

describe('two ELF sections of one name', () => {
  it.each([
    {
      section: '.rodata',
      source: `const volatile int target = 7; SEC(".rodata") int ports[4] = {80, 443}; ${program('target + ports[1]')}`,
      shown: 'one with target; one with ports',
      cure: 'declare ports const, or give it a section of another name, SEC(".rodata.ports")',
    },
    {
      section: '.data',
      source: `SEC(".data") const volatile int limit = 7; int total = 1; ${program('limit + total')}`,
      shown: 'one with limit; one with total',
      cure: 'declare limit without const, or give it a section of another name, SEC(".data.limit")',
    },
    {
      section: '.rodata',
      source: `const volatile int shown = 7; SEC(".rodata") static volatile int hidden = 8; ${program('shown + hidden')}`,
      shown: 'one with shown; one with hidden',
      cure: 'declare hidden const',
    },
  ])('are refused: $section, $shown', ({ section, source, shown, cure }) => {
    expect(() => objectFrom(source)).toThrow(ObjectError)
    expect(() => objectFrom(source)).toThrow(
      `the object has 2 sections ${section}, and libbpf tells sections by their names (${shown}): ${cure}`,
    )
  })

  it.each(['.bss', '.data'])('are refused in %s, also where they differ in nothing', (section) => {
    const initial = section === '.bss' ? '' : ' = 1'
    const object = objectOf(`int first${initial}; int second${initial};`, {
      flags: ['-fdata-sections', '-fno-unique-section-names'],
    })
    expect(() => readObject(object, { name: 'x' })).toThrow(
      `the object has 2 sections ${section}, and libbpf tells sections by their names (one with first; one with second): give it a section of another name, SEC("${section}.second")`,
    )
  })

  it('are refused without BTF', () => {
    const bytes = objectOf('int first = 1; int second = 2;', {
      flags: ['-fdata-sections', '-fno-unique-section-names'],
    })
    const untyped = Buffer.from(bytes.toString('latin1').replaceAll('.BTF', '.XXX'), 'latin1')
    expect(() => readObject(untyped, { name: 'x' })).toThrow('the object has 2 sections .data')
  })

  it('are refused at the variable that is to be changed', async () => {
    const source = `const volatile int target = 7;
SEC(".rodata") int ports[4] = {80, 443};
${program('target + ports[1]')}`
    const folder = project({ 'twice.bpf.c': PRELUDE + source })
    const file = `${folder}/twice.bpf.c`
    const { diagnostics, model } = await buildSkeleton(file, { cache: false })
    expect(model).toBeUndefined()
    expect(diagnostics).toMatchObject([
      { severity: 'error', sourceLine: 'SEC(".rodata") int ports[4] = {80, 443};' },
    ])
  })

  it('are no matter where libbpf makes no map of them', () => {
    const object = objectOf(
      `#include <linux/bpf.h>
       __attribute__((section("xdp"))) int f(void *c) { return 1; }
       __asm__(".section extra,\\"a\\",@progbits,unique,1\\n.long 1\\n.section extra,\\"aw\\",@progbits,unique,2\\n.long 2\\n.text");`,
    )
    expect(readObject(object, { name: 'x' }).programs).toHaveLength(1)
  })
})

it('constants that clang places by themselves lie beside those that SEC() places', () => {
  const { sections } = objectFrom(
    `const volatile int target = 7; SEC(".rodata") const volatile int ports[4] = {80, 443}; ${program('target + ports[1]')}`,
  )
  expect(sections.map(({ ident, size }) => [ident, size])).toEqual([['rodata', 20]])
})

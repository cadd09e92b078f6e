import { expect, it } from 'vitest'

import { objectName, sanitizeIdentifier, sectionIdentifier } from '../../src/object/identifier.ts'

it.each([
  ['trace.bpf.c', 'trace_bpf'],
  ['/a/b-c/trace.bpf.o', 'trace_bpf'],
  ['my-agent.2.bpf.c', 'my_agent_2_bpf'],
  ['9lives.o', '9lives'],
  ['ä.bpf.c', '___bpf'],
  // bpftool cuts at 63 bytes before it looks for the .o.
  [`${'x'.repeat(70)}.o`, 'x'.repeat(63)],
])('an object of %s is called %s', (file, name) => {
  expect(objectName(file)).toBe(name)
})

it.each([
  ['.rodata', 'rodata'],
  ['.data.my.list', 'data_my_list'],
  ['.addr_space.1', 'arena'],
])('the section %s is the field %s', (section, field) => {
  expect(sectionIdentifier(section)).toBe(field)
})

it('an identifier has an underscore for each byte that C has not', () => {
  expect(sanitizeIdentifier('a.b-€')).toBe('a_b____')
})

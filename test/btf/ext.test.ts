import { describe, expect, it } from 'vitest'

import { readBtfOf, typeAt } from '../../src/btf/btf.ts'
import { readBtfExtOf } from '../../src/btf/ext.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { objectOf } from '../elf/object-of.ts'

const source = `#define relocated __attribute__((preserve_access_index))
struct task { int pid; struct { int first, second[4]; } relocated inner; } relocated;
enum state { IDLE, BUSY };

__attribute__((section("kprobe/one"))) int one(struct task *task)
{
	return task->inner.second[2] +
	       __builtin_preserve_type_info(*(struct task *)0, 1) +
	       __builtin_preserve_enum_value(*(enum state *)BUSY, 1);
}
__attribute__((section("kprobe/two"))) int two(struct task *task) { return task->pid; }
`

describe.each(['bpfel', 'bpfeb'] as const)('.BTF.ext of an object for %s', (target) => {
  const elf = readElf(objectOf(source, { target }))
  const btf = readBtfOf(elf)
  const ext = btf && readBtfExtOf(elf, btf)
  if (!btf || !ext) throw new Error('clang wrote no .BTF.ext')

  it('says which function starts where', () => {
    const functions = ext.functions.map(({ section, offset, type }) => {
      return [section, offset, typeAt(btf, type).name]
    })
    expect(functions).toEqual([
      ['kprobe/one', 0, 'one'],
      ['kprobe/two', 0, 'two'],
    ])
  })

  it('says which line an instruction comes from, and the line itself', () => {
    const two = ext.lines.filter(({ section }) => section === 'kprobe/two')
    expect(two.at(-1)).toMatchObject({ line: 11, file: expect.stringContaining('<stdin>') })
    const one = ext.lines.filter(({ section }) => section === 'kprobe/one')
    expect(one.map(({ line }) => line)).toContain(7)
    expect(one.every(({ offset }) => offset % 8 === 0)).toBe(true)
  })

  it('says what CO-RE relocates', () => {
    const relocations = ext.coreRelocations.map(({ section, type, access, kind }) => {
      return [section, typeAt(btf, type).name, access, kind]
    })
    expect(relocations).toEqual([
      ['kprobe/one', 'task', '0:1:1:2', 'field_byte_offset'],
      ['kprobe/one', 'task', '0', 'type_size'],
      ['kprobe/one', 'state', '1', 'enumval_value'],
      ['kprobe/two', 'task', '0:0', 'field_byte_offset'],
    ])
  })

  const section = elf.sections.find(({ name }) => name === '.BTF.ext')
  it.each([
    ['a part past the end', 12, 1 << 20],
    ['records too small', 32, 4],
    ['a name that is not there', 36, 1 << 20],
    ['more records than fit', 40, 1 << 30],
    ['a type that is not there', 48, 1 << 20],
  ])('is refused with %s', (_, at, value) => {
    const bytes = Uint8Array.from(section?.data ?? [])
    new DataView(bytes.buffer).setUint32(at, value, target === 'bpfel')
    const sections = elf.sections.map((other) =>
      other === section ? { ...other, data: bytes } : other,
    )
    expect(() => readBtfExtOf({ ...elf, sections }, btf)).toThrow(FormatError)
  })
})

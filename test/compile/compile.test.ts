import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { compile, CompileError } from '../../src/compile/compile.ts'
import { readElf } from '../../src/elf/elf.ts'
import { project, write, xdp } from './project.ts'

describe('dependencies', () => {
  test('are absolute, the source first', async () => {
    const folder = project({
      'src/a.bpf.c': `#include "b.h"\n#include <c.h>\n${xdp()}`,
      'src/b.h': '',
      'inc lude/c.h': '',
    })
    const { dependencies } = await compile('src/a.bpf.c', { cwd: folder, include: ['inc lude'] })
    expect(dependencies.slice(0, 3)).toEqual(
      ['src/a.bpf.c', 'src/b.h', 'inc lude/c.h'].map((file) => join(folder, file)),
    )
    expect(dependencies).toContain('/usr/include/bpf/bpf_helpers.h')
  })

  test('are known after an error', async () => {
    const folder = project({ 'a.bpf.c': '#include "b.h"\nint x = y;\n', 'b.h': '' })
    const { dependencies, object } = await compile(join(folder, 'a.bpf.c'))
    expect(object).toBeUndefined()
    expect(dependencies).toEqual([join(folder, 'a.bpf.c'), join(folder, 'b.h')])
  })

  test('after a missing header: those that led to it, and those of the last time', async () => {
    const folder = project({
      'a.bpf.c': '#include "b.h"\n#include "c.h"\n',
      'b.h': '',
      'c.h': '#include "missing.h"\n',
    })
    const [a = '', b = '', c = ''] = ['a.bpf.c', 'b.h', 'c.h'].map((name) => join(folder, name))
    expect((await compile(a)).dependencies).toEqual([a, c])
    write(folder, { 'c.h': '' })
    expect((await compile(a)).dependencies).toEqual([a, b, c])
    write(folder, { 'c.h': '#include "missing.h"\n' })
    expect((await compile(a)).dependencies.toSorted()).toEqual([a, b, c])
  })
})

describe('options', () => {
  test('include, defines and cflags reach clang; the last wins', async () => {
    const folder = project({
      'a.bpf.c': '#include <b.h>\n_Static_assert(A == 1 && B == 2 && C == 7 && D == 4, "");\n',
      'inc/b.h': '#define A 1',
      'package.json': '{"unplugin-bpf":{"include":["inc"],"cflags":["-DD=4"]}}',
    })
    const defines = { B: 2, C: 3, OFF: false, ON: true }
    const { diagnostics } = await compile('a.bpf.c', { cwd: folder, defines })
    expect(diagnostics).toMatchObject([
      { message: expect.stringContaining('static assertion failed') },
    ])
    const cflags = ['-UC', '-DC=7', '-DD=4']
    expect((await compile('a.bpf.c', { cwd: folder, defines, cflags })).diagnostics).toEqual([])
  })

  test('the instruction set is v3, or the one asked for', async () => {
    const cwd = project({ 'a.bpf.c': 'int least(int a, int b) { return a < b ? a : b; }\n' })
    const hasWordJumps = async (...cflags: string[]): Promise<boolean> => {
      const { object = new Uint8Array() } = await compile('a.bpf.c', { cwd, cflags })
      const code = readElf(object).sections.find(({ name }) => name === '.text')?.data ?? []
      // The class of struct bpf_insn's first byte: BPF_JMP32.
      return code.some((byte, at) => at % 8 === 0 && (byte & 7) === 6)
    }
    expect(await hasWordJumps()).toBe(true)
    expect(await hasWordJumps('-mcpu=v2')).toBe(false)
  })

  test('the architecture is the machine’s, or the one asked for', async () => {
    const folder = project({ 'a.bpf.c': '#ifndef __TARGET_ARCH_arm64\n#error no\n#endif\n' })
    const file = join(folder, 'a.bpf.c')
    expect((await compile(file, { arch: 'arm64' })).diagnostics).toEqual([])
    expect((await compile(file, { arch: ['x86', 'arm64'] })).diagnostics).toHaveLength(1)
  })

  test('s390 objects are big-endian', async () => {
    const file = join(project({ 'a.bpf.c': xdp() }), 'a.bpf.c')
    const { object = new Uint8Array() } = await compile(file, { arch: 's390' })
    expect(readElf(object).littleEndian).toBe(false)
  })

  test('a wrong one is a TypeError', async () => {
    const options: object = { cflag: [] }
    await expect(compile('a.bpf.c', options)).rejects.toThrow(TypeError)
  })
})

test('a source that is not there is an error with its name', async () => {
  await expect(compile('/no/such.bpf.c')).rejects.toThrow(CompileError)
  await expect(compile('/no/such.bpf.c')).rejects.toThrow('cannot read /no/such.bpf.c')
})

test('the object has BTF, and source lines without a folder', async () => {
  const folder = project({ 'a.bpf.c': xdp('return 1;') })
  const { object = new Uint8Array(), folder: named } = await compile(join(folder, 'a.bpf.c'))
  const btf = readElf(object).sections.find(({ name }) => name === '.BTF')
  expect(readBtf(btf?.data ?? new Uint8Array()).types.some(({ name }) => name === 'pass')).toBe(
    true,
  )
  const text = Buffer.from(object).toString('latin1')
  expect(text).toContain('\treturn 1;')
  expect(text).not.toContain(folder)
  expect(named).toBe(folder)
})

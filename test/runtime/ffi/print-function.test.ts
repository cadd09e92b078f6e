import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

import { findClang } from '../../../src/compile/clang.ts'
import { printCode } from '../../../src/runtime/ffi/print-function.ts'

const [table, vdprintf] = [0x7123_4567_89ab, 0x7fed_cba9_8765]

test.each([
  [
    'x64',
    'x86_64-linux-gnu',
    `.intel_syntax noprefix
     mov edi, edi
     movabs rax, ${table}
     mov edi, [rax + 4 * rdi]
     movabs rax, ${vdprintf}
     jmp rax`,
  ],
  [
    'arm64',
    'aarch64-linux-gnu',
    `ldr x9, table
     ldr w0, [x9, w0, uxtw #2]
     ldr x16, vdprintf
     br x16
     table: .quad ${table}
     vdprintf: .quad ${vdprintf}`,
  ],
])('the code for %s is what its assembler makes', async (arch, target, assembly) => {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-print-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { path } = await findClang(undefined, folder)
  const object = join(folder, 'code.o')
  await execa(path, ['-target', target, '-x', 'assembler', '-c', '-', '-o', object], {
    input: `${assembly}\n`,
  })
  const code = printCode(arch, table, vdprintf) ?? new Uint8Array()
  expect(code.length).toBeGreaterThan(24)
  expect(readFileSync(object).indexOf(code)).toBeGreaterThan(0)
})

test('of other machines none is known', () => {
  expect(printCode('riscv64', table, vdprintf)).toBeUndefined()
})

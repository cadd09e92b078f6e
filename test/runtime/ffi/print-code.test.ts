import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

import { findClang } from '../../../src/compile/clang/find-clang.ts'
import { printCode } from '../../../src/runtime/ffi/print-code.ts'

const needs = {
  key: 0x0123,
  vsnprintf: 0x7fed_cba9_8765,
  pthread_getspecific: 0x7123_4567_89ab,
  pthread_setspecific: 0x7123_4567_89ac,
  pthread_sigmask: 0x7123_4567_89ad,
}

const constants = `
  .balign 8
  key: .quad ${needs.key}
  vsnprintf: .quad ${needs.vsnprintf}
  pthread_getspecific: .quad ${needs.pthread_getspecific}
  pthread_setspecific: .quad ${needs.pthread_setspecific}
  pthread_sigmask: .quad ${needs.pthread_sigmask}
`

const x64 = `
  .intel_syntax noprefix
  print:
  push rbx
  push r12
  push r13
  mov ebx, edi
  mov r12, rsi
  mov r13, rdx
  mov edi, dword ptr [rip + key]
  call qword ptr [rip + pthread_getspecific]
  test rax, rax
  jz said
  cmp ebx, dword ptr [rax + 16]
  ja said
  mov rdi, qword ptr [rax]
  mov rsi, qword ptr [rax + 8]
  sub rsi, rdi
  cmp rsi, 2
  jb said
  mov byte ptr [rdi], bl
  inc rdi
  dec rsi
  mov rbx, rax
  mov rdx, r12
  mov rcx, r13
  xor eax, eax
  call qword ptr [rip + vsnprintf]
  test eax, eax
  js said
  mov rdx, qword ptr [rbx]
  lea rax, [rdx + rax + 2]
  cmp rax, qword ptr [rbx + 8]
  cmova rax, qword ptr [rbx + 8]
  mov qword ptr [rbx], rax
  said:
  xor eax, eax
  pop r13
  pop r12
  pop rbx
  ret
  run:
  push rbx
  mov rbx, rdi
  xor edi, edi
  lea rsi, [rbx + 64]
  lea rdx, [rbx + 192]
  call qword ptr [rip + pthread_sigmask]
  mov edi, dword ptr [rip + key]
  mov rsi, rbx
  call qword ptr [rip + pthread_setspecific]
  mov rdi, qword ptr [rbx + 32]
  call qword ptr [rbx + 24]
  mov dword ptr [rbx + 40], eax
  mov edi, dword ptr [rip + key]
  xor esi, esi
  call qword ptr [rip + pthread_setspecific]
  mov edi, 2
  lea rsi, [rbx + 192]
  xor edx, edx
  call qword ptr [rip + pthread_sigmask]
  mov eax, dword ptr [rbx + 40]
  pop rbx
  ret
`

const arm64 = `
  print:
  stp x29, x30, [sp, #-48]!
  mov x29, sp
  stp x19, x20, [sp, #16]
  str x21, [sp, #32]
  mov w19, w0
  mov x20, x1
  mov x21, x2
  ldr w0, key
  ldr x16, pthread_getspecific
  blr x16
  cbz x0, said
  ldr w9, [x0, #16]
  cmp w19, w9
  b.hi said
  ldp x9, x10, [x0]
  sub x1, x10, x9
  cmp x1, #2
  b.lo said
  strb w19, [x9], #1
  sub x1, x1, #1
  mov x19, x0
  mov x0, x9
  mov x2, x20
  mov x3, x21
  ldr x16, vsnprintf
  blr x16
  tbnz w0, #31, said
  ldp x9, x10, [x19]
  add x9, x9, w0, uxtw
  add x9, x9, #2
  cmp x9, x10
  csel x9, x9, x10, ls
  str x9, [x19]
  said:
  mov w0, wzr
  ldr x21, [sp, #32]
  ldp x19, x20, [sp, #16]
  ldp x29, x30, [sp], #48
  ret
  run:
  stp x29, x30, [sp, #-32]!
  mov x29, sp
  str x19, [sp, #16]
  mov x19, x0
  mov w0, wzr
  add x1, x19, #64
  add x2, x19, #192
  ldr x16, pthread_sigmask
  blr x16
  ldr w0, key
  mov x1, x19
  ldr x16, pthread_setspecific
  blr x16
  ldp x16, x0, [x19, #24]
  blr x16
  str w0, [x19, #40]
  ldr w0, key
  mov x1, xzr
  ldr x16, pthread_setspecific
  blr x16
  mov w0, #2
  add x1, x19, #192
  mov x2, xzr
  ldr x16, pthread_sigmask
  blr x16
  ldr w0, [x19, #40]
  ldr x19, [sp, #16]
  ldp x29, x30, [sp], #32
  ret
`

test.each([
  ['x64', 'x86_64-linux-gnu', x64],
  ['arm64', 'aarch64-linux-gnu', arm64],
])('the code for %s is what its assembler makes', async (arch, target, assembly) => {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-print-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { path } = await findClang(undefined, folder)
  const object = join(folder, 'code.o')
  await execa(path, ['-target', target, '-x', 'assembler', '-c', '-', '-o', object], {
    // The offset of `run`, as the last word.
    input: `${assembly}${constants}.quad run - print\n`,
  })
  const code = printCode(arch, needs)
  const assembled = readFileSync(object)
  const start = assembled.indexOf(code?.bytes ?? '')
  expect(start).toBeGreaterThan(0)
  expect(assembled.readBigUint64LE(start + (code?.bytes.length ?? 0))).toBe(
    BigInt(code?.runOffset ?? 0),
  )
  expect(Buffer.from(code?.bytes ?? '').readBigUint64LE(code?.keyOffset)).toBe(BigInt(needs.key))
})

test('of other machines none is known', () => {
  expect(printCode('riscv64', needs)).toBeUndefined()
})

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { Link, Program, SkeletonInstance } from '../../../src/runtime/index.ts'
import { kernelSymbols, processSymbols } from '../../../src/runtime/symbols/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

/** Stacks at a system call that nothing but the test makes in this way. */
const source = `
const volatile __u32 pid;
__u64 user[32];
__u64 kernel[32];
int user_size, kernel_size;
SEC("raw_tp/sys_enter")
int on_enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != pid || ctx->args[1] != 0x1e57)
		return 0;
	user_size = bpf_get_stack(ctx, user, sizeof(user), BPF_F_USER_STACK);
	kernel_size = bpf_get_stack(ctx, kernel, sizeof(kernel), 0);
	return 0;
}
`

interface Stacks extends SkeletonInstance {
  rodata: { pid: number }
  bss: {
    user: ArrayLike<bigint>
    kernel: ArrayLike<bigint>
    user_size: number
    kernel_size: number
  }
  progs: { on_enter: Program }
  links: { on_enter: Link | null }
}

const program = `
#include <stdio.h>
#define _GNU_SOURCE
#include <unistd.h>
#include <sys/syscall.h>
static __attribute__((noinline)) long innermost(void)
{
	long number = 0x1e57, result;
	/* No wrapper of libc's, which keeps no frame. */
#if defined(__x86_64__)
	__asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number; register long x0 __asm__("x0");
	__asm__ volatile("svc 0" : "=r"(x0) : "r"(x8) : "memory");
	result = x0;
#endif
	return result + 1;
}
__attribute__((noinline)) long middle(void) { return innermost() + 1; }
__attribute__((noinline)) long outermost(void) { return middle() + 1; }
int main(void) { getchar(); outermost(); for (;;) pause(); }
`

describeInKernel('stack traces', () => {
  test('of a process and of the kernel under it have names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const [c, file] = [join(folder, 'deep.c'), join(folder, 'deep')]
    writeFileSync(c, program)
    const flags = ['-O0', '-fno-omit-frame-pointer', '-mno-omit-leaf-frame-pointer']
    execFileSync('gcc', [...flags, c, '-o', file])
    const child = spawn(file, { stdio: ['pipe', 'ignore', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))

    const { default: skel } = await build<Stacks>(source)
    const stacks = skel.open()
    onTestFinished(() => stacks.destroy())
    stacks.rodata.pid = child.pid ?? 0
    stacks.load().attach()
    child.stdin.write('go\n')
    await expect.poll(() => stacks.bss.kernel_size, { timeout: 20_000 }).not.toBe(0)

    const user = processSymbols(child.pid ?? 0)
    const frames = Array.from({ length: stacks.bss.user_size / 8 }, (_, index) =>
      user.name(stacks.bss.user[index] ?? 0n),
    )
    expect(frames.slice(0, 4).map((frame) => [frame?.name, frame?.file])).toEqual(
      ['innermost', 'middle', 'outermost', 'main'].map((name) => [name, file]),
    )
    const inKernel = Array.from({ length: stacks.bss.kernel_size / 8 }, (_, index) =>
      kernelSymbols().name(stacks.bss.kernel[index] ?? 0n),
    )
    expect(inKernel.every((frame) => frame !== undefined)).toBe(true)
    expect(inKernel.map((frame) => frame?.name)).toContainEqual(
      expect.stringMatching(/syscall|trace_sys_enter/),
    )
  })

  test('without the privilege to see kernel addresses say so', async () => {
    const { file } = await build(source)
    const { stdout, stderr } = await runChild(
      file,
      `const { kernelSymbols } = await import('unplugin-bpf/symbols')
       try { console.log(kernelSymbols().name(0xffffffff81000000n)) }
       catch (error) { console.log(JSON.stringify({ code: error.code, message: error.message })) }
       process.exit()`,
      {
        prefix: ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'],
      },
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'EPERM',
      message: expect.stringMatching(/kptr_restrict is \d.*(CAP_SYSLOG|sysctl)/),
    })
  })
})

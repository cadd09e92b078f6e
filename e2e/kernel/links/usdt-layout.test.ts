import { expect, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import { type Libbpf, libbpf18 } from '../../../test/debian/linux-tools.ts'
import { Unavailable } from '../../../test/debian/unavailable.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

/** One reads arguments, by way of a function; the other counts alone. */
const source = (header: string): string => `
#include <stdbool.h>
#include <linux/ptrace.h>
#include ${header}
__u64 hits, value;
static __noinline long argument(struct pt_regs *ctx) { long read = 0; bpf_usdt_arg(ctx, 1, &read); return read; }
SEC("?usdt") int reader(struct pt_regs *ctx) { value = argument(ctx); return 0; }
SEC("?usdt") int counter(struct pt_regs *ctx) { hits++; return 0; }
`

/** What loading one of the programs says with this libbpf; `undefined` is the installed one. */
async function loading(header: string, program: string, libbpf?: string): Promise<string> {
  const { file } = await build(source(header))
  const { stdout, stderr } = await runChild(
    file,
    `const trace = skel.open()
     trace.progs.${program}.autoload = true
     try { trace.load(); console.log('loaded') } catch ({ code, message }) { console.log(code, message) }
     process.exit()`,
    { env: libbpf === undefined ? {} : { BPF_LIBBPF: libbpf } },
  )
  expect(stderr).toBe('')
  return stdout.trim()
}

async function newest(skip: (reason: string) => never): Promise<Libbpf> {
  try {
    return await libbpf18()
  } catch (error) {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}

const isOlder = !libbpfIsAtLeast(1, 7)
const older = isOlder ? '' : ' (skipped: the installed libbpf is 1.7 or newer)'

describeInKernel('a program that reads arguments of USDT probes', () => {
  test.skipIf(!isOlder)(`needs a libbpf of its usdt.bpf.h's age${older}`, async ({ skip }) => {
    const { shared, include } = await newest(skip)
    const header = `"${include}/bpf/usdt.bpf.h"`
    expect(await loading('<bpf/usdt.bpf.h>', 'reader')).toBe('loaded')
    expect(await loading(header, 'reader', shared)).toBe('loaded')
    expect(await loading('<bpf/usdt.bpf.h>', 'reader', shared)).toMatch(
      /^ERR_BPF_UNSUPPORTED cannot load program reader of test_bpf: .*before 1\.7.*which is newer/,
    )
    expect(await loading(header, 'reader')).toMatch(
      /^ERR_BPF_UNSUPPORTED cannot load program reader of test_bpf: .*of libbpf 1\.7.*which is older/,
    )
    expect(await loading('<bpf/usdt.bpf.h>', 'counter', shared)).toBe('loaded')
  })
})

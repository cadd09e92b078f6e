import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { Builds, type Outcome } from '../../../plugin/builds.ts'
import type { Options } from '../../../src/compile/options/options.ts'
import { describeInKernel } from '../permitted.ts'

function build(source: string, options: Options): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'verify-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'test.bpf.c')
  writeFileSync(
    file,
    `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
	 __uint(pinning, LIBBPF_PIN_BY_NAME); } verify_test_counts SEC(".maps");
${source}`,
  )
  return new Builds({ cache: false, types: false, ...options }).build(file)
}

const fine = `SEC("raw_tp/sys_enter") int fine(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&verify_test_counts, &key) == 0;
}`
const refused = `SEC("raw_tp/sys_enter") int refused(void *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&verify_test_counts, &key);
	return *count;
}`
const other = process.arch === 'x64' ? 'arm64' : 'x86'

/** Lists the descriptors of maps and programs of the test's process. */
function bpfDescriptors(): number {
  return Array.from({ length: 1024 }, (_, fd) => `/proc/self/fdinfo/${fd}`).filter((file) => {
    return existsSync(file) && /^(map_id|prog_id):/mu.test(readFileSync(file, 'utf8'))
  }).length
}

/** Both comparisons bound `used`, in 32 bits: made of shifts, the verifier sees but one of them. */
const compared = `char text[64];
__u64 runs;
SEC("raw_tp/sys_enter") int compared(void *ctx)
{
	int left = bpf_get_prandom_u32() & 31;
	int used = bpf_probe_read_kernel_str(text, 32, ctx);
	if (used > left)
		return 0;
	if (used < 0)
		return 0;
	bpf_probe_read_kernel(text + used, 32, ctx);
	return __sync_fetch_and_add(&runs, 1) == 0;
}`
/** C that needs -mcpu=v3. */
const plain = compared.replace('return __sync_fetch_and_add(&runs, 1) == 0', 'return 0')

describeInKernel('the instruction set', () => {
  it('has 32-bit comparisons and fetching atomics, unless flags say otherwise', async () => {
    expect(await build(compared, { verify: true })).toMatchObject({ kind: 'built', warnings: [] })
    const older = { verify: true, cflags: ['-mcpu=v2'] }
    expect(await build(plain, older)).toMatchObject({ kind: 'refused' })
    expect(await build(plain, { verify: true })).toMatchObject({ kind: 'built' })
  })
})

describeInKernel('the option verify', () => {
  it('passes what the verifier accepts, and leaves nothing loaded', async () => {
    const before = bpfDescriptors()
    expect(await build(fine, { verify: true })).toMatchObject({ kind: 'built', warnings: [] })
    expect(bpfDescriptors()).toBe(before)
    expect(existsSync('/sys/fs/bpf/verify_test_counts')).toBe(false)
  })

  it('reports a refusal as an error at the line of C', async () => {
    expect(await build(refused, { verify: true })).toMatchObject({
      kind: 'refused',
      errors: [
        {
          file: expect.stringMatching(/test\.bpf\.c$/u),
          line: 10,
          sourceLine: '\treturn *count;',
          message: expect.stringMatching(
            /^the verifier rejects program refused: R\d invalid mem access/u,
          ),
          notes: [{ message: expect.stringContaining('no comparison with NULL') }],
        },
      ],
    })
    expect(await build(refused, {})).toMatchObject({ kind: 'built' })
  })

  it('verifies only the object of this architecture', async () => {
    expect(await build(refused, { verify: true, arch: [other] })).toMatchObject({ kind: 'built' })
  })

  it('warns about a program that cannot be loaded here for another reason', async () => {
    const source = `SEC("fentry/no_such_function_in_any_kernel") int lost(void *ctx) { return 0; }`
    expect(await build(source, { verify: true })).toMatchObject({
      kind: 'built',
      warnings: [{ message: expect.stringMatching(/^not verified: .*no_such_function/u) }],
    })
  })
})

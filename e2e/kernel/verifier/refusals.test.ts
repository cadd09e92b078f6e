import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { setLog, VerifierError } from '../../../src/runtime/index.ts'
import type { BpfError, KprobeProgram, SkeletonInstance } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

async function failure(source: string): Promise<BpfError> {
  const { default: skel } = await build<SkeletonInstance>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  try {
    opened.load()
  } catch (error) {
    return error as BpfError
  }
  throw new Error('it loaded')
}

const hash = `
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");
`

describeInKernel('what the verifier refuses', () => {
  test.for([
    [
      'a missing NULL check',
      `__u32 key = 0;
       __u64 *value = bpf_map_lookup_elem(&counts, &key);
       return *value; // HERE`,
      /may be NULL/,
    ],
    [
      'an index out of a map value',
      `__u32 key = 0;
       __u64 *value = bpf_map_lookup_elem(&counts, &key);
       if (!value) return 0;
       return value[*(__u32 *)value]; // HERE`,
      /bounds|outside/,
    ],
    [
      'a leaked reservation',
      `void *e = bpf_ringbuf_reserve(&events, 8, 0);
       if (!e) return 0;
       return 1;`,
      /not released/,
    ],
    [
      'a read of arbitrary memory',
      `return *(int *)(long)bpf_ktime_get_ns(); // HERE`,
      /bpf_probe_read_kernel/,
    ],
    [
      'a loop without a bound',
      `for (volatile int never = 0; !never;);
       return 0;`,
      /a loop has no bound/,
    ],
    [
      'a helper that does not exist',
      `return ((int (*)(void))9999)();`,
      /no helper with number 9999/,
    ],
  ] as const)('%s: names the program, the place and the reason', async ([, body, reason]) => {
    const source = `${hash}
SEC("raw_tp/sys_enter")
int fine(void *ctx) { return 0; }

static __noinline int inner(void *ctx)
{
${body}
}
SEC("raw_tp/sys_enter")
int refused(void *ctx)
{
${body}
}
SEC("raw_tp/sys_exit")
int also_fine(void *ctx) { return 0; }
`
    const error = await failure(source)
    expect(error).toBeInstanceOf(VerifierError)
    if (!(error instanceof VerifierError)) return
    expect(error.program).toBe('refused')
    expect(['EACCES', 'EINVAL', 'EPERM', 'E2BIG']).toContain(error.code)
    expect(error.log).toMatch(/processed \d+ insns/)
    expect(error.reason).toMatch(reason)
    expect(error.message).toContain('program refused of test_bpf')
    expect(error.source?.file).toMatch(/test\.bpf\.c$/)
    const { line = 0, text = '', column, file = '' } = error.source ?? {}
    const real = readFileSync(join(dirname((await build(source)).source), file), 'utf8').split(
      '\n',
    )[line - 1]
    expect(real).toContain(text.trim())
    expect(column).toBeGreaterThan(0)
    if (body.includes('HERE')) expect(real).toContain('HERE')
    expect(error.message).toContain(`test.bpf.c:${line}:${column}`)
  })

  test('in a function that is not inlined: names the line in that function', async () => {
    const error = await failure(`${hash}
static __noinline int other(int a) { return a + 1; }
static __noinline int inner(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &key);

	return *value; // HERE
}
SEC("raw_tp/sys_enter")
int refused(void *ctx) { return inner(other(1)); }
`)
    expect(error).toBeInstanceOf(VerifierError)
    if (!(error instanceof VerifierError)) return
    expect(error.source?.text).toContain('return *value; // HERE')
  })

  test('a long log comes whole', async () => {
    const steps = Array.from(
      { length: 1000 },
      (_, n) => `x = x * ${n + 3} + bpf_get_prandom_u32();`,
    )
    const error = await failure(`${hash}
SEC("raw_tp/sys_enter")
int refused(void *ctx)
{
	__u32 key = 0;
	volatile __u64 x = 0;
	${steps.join('\n\t')}
	return *(__u64 *)bpf_map_lookup_elem(&counts, &key);
}
`)
    expect(error.log?.length).toBeGreaterThan(100_000)
    expect(error.log).toMatch(/^(0:|func#0|arg#0|reg type|\S)/)
    expect(error.log).toMatch(/processed \d+ insns/)
  })
})

describeInKernel('what libbpf and the kernel refuse', () => {
  test('a map says which and why', async () => {
    const error = await failure(`
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 0);
	__type(key, __u32);
	__type(value, __u32);
} uneven SEC(".maps");
SEC("raw_tp/sys_enter") int f(void *ctx) { __u32 key = 0; return bpf_map_delete_elem(&uneven, &key); }
`)
    expect(error).not.toBeInstanceOf(VerifierError)
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'load', object: 'test_bpf' })
    expect(error.message).toContain("map 'uneven'")
    expect(error.log).toMatch(/failed to load/)
  })

  test('a map whose size is left to the agent says which settings it waits for', async () => {
    const error = await failure(`
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__type(key, __u32);
} stacks SEC(".maps");
SEC("raw_tp/sys_enter") int f(void *ctx) { return bpf_get_stackid(ctx, &stacks, 0) < 0; }
`)
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'load' })
    expect(error.hint).toMatch(/set maps.stacks.valueSize and maps.stacks.maxEntries before load/)
    expect(error.message).toContain(error.hint)
  })

  test('a misspelt section says so', async () => {
    const error = await failure(
      'SEC("tracepont/sched/sched_switch") int f(void *ctx) { return 0; }',
    )
    expect(error.hint).toMatch(
      /does not know SEC\("tracepont\/sched\/sched_switch"\): check its spelling/,
    )
  })

  test('an unknown kernel configuration variable says which', async () => {
    const error = await failure(`
extern int CONFIG_NO_SUCH_THING __kconfig;
SEC("raw_tp/sys_enter") int f(void *ctx) { return CONFIG_NO_SUCH_THING; }
`)
    expect(error.message).toContain('CONFIG_NO_SUCH_THING')
  })

  test('a CO-RE relocation says what the kernel lacks', async () => {
    const error = await failure(`
#define __pai __attribute__((preserve_access_index))
struct task_struct { int no_such_field; } __pai;
SEC("raw_tp/sys_enter") int f(__u64 *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), &task->no_such_field);
	return value;
}
`)
    expect(error).toBeInstanceOf(VerifierError)
    expect(error.message).toMatch(/no .*task_struct.*no_such_field/)
  })

  test('a kernel function that is not there is named when attaching or loading', async () => {
    const error = await failure(`
SEC("fentry/no_such_function_at_all") int f(void *ctx) { return 0; }
`)
    expect(error.message).toContain('no_such_function_at_all')
  })

  test('objects that are no ELF are refused at open', async () => {
    const { skeleton } = await import('../../../src/runtime/internal.ts')
    const broken = skeleton({
      name: 'broken',
      object: Buffer.from('nonsense').toString('base64'),
      maps: [],
      programs: [],
      sections: [],
    })
    expect(() => broken.open()).toThrow(
      expect.objectContaining({ operation: 'open', object: 'broken', name: 'BpfError' }),
    )
  })

  test("libbpf's words go to the log function, and nowhere else", async () => {
    const heard: [string, string][] = []
    setLog((level, text) => heard.push([level, text]))
    onTestFinished(() => setLog(undefined))
    await failure(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(key_size, 4); __uint(value_size, 4); } uneven SEC(".maps");
SEC("raw_tp/sys_enter") int f(void *ctx) { __u32 key = 0; return bpf_map_delete_elem(&uneven, &key); }
`)
    await Promise.resolve()
    expect(heard.some(([level, text]) => level === 'warn' && text.includes('uneven'))).toBe(true)
    expect(heard.some(([level]) => level === 'debug')).toBe(true)
  })

  test('a failed load leaves nothing usable, and destroy still works', async () => {
    const { default: skel } = await build<SkeletonInstance>(`${hash}
SEC("raw_tp/sys_enter") int f(void *ctx) { __u32 k = 0; return *(int *)bpf_map_lookup_elem(&counts, &k); }
`)
    const opened = skel.open()
    expect(() => opened.load()).toThrow(VerifierError)
    expect(() => opened.attach()).toThrow(/the load of test_bpf failed; open\(\) a new instance/)
    expect(() => opened.load()).toThrow(/failed/)
    opened.destroy()
    expect(() => skel.openAndLoad()).toThrow(VerifierError)
    await expect(skel.open().loadAsync()).rejects.toThrow(VerifierError)
  })
})

describeInKernel('what is not attached', () => {
  interface Probe extends SkeletonInstance {
    readonly progs: { readonly on_line: KprobeProgram }
  }
  const probe = async (): Promise<Probe> => {
    const { default: skel } = await build<Probe>(
      'SEC("uprobe/readline") int on_line(void *ctx) { return 0; }',
    )
    const opened = skel.open()
    onTestFinished(() => opened.destroy())
    return opened
  }

  test('a uprobe whose section names no binary says how to attach it', async () => {
    const opened = (await probe()).load()
    expect(() => opened.attach()).toThrow(
      /SEC\("uprobe\/readline"\) names no binary: call attachUprobe\(\) .* before attach\(\)/,
    )
  })

  test('a program that load() left out says so', async () => {
    const opened = await probe()
    const program = opened.progs.on_line
    program.autoload = false
    opened.load()
    const attach = (): unknown => program.attachUprobe('libc.so.6', { symbol: 'getpid' })
    expect(attach).toThrow(/load\(\) left it out, because its autoload is false/)
  })
})

import { expect, onTestFinished, test } from 'vitest'

import { BpfError, setLog } from '../../../src/runtime/index.ts'
import type { BpfMap, Program, SkeletonInstance } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

interface Test extends SkeletonInstance {
  maps: Record<string, BpfMap>
  progs: Record<string, Program>
}

async function open(source: string): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

function failureOf(load: () => unknown): BpfError {
  try {
    load()
  } catch (error) {
    if (error instanceof BpfError) return error
    throw error
  }
  return expect.fail('it loaded')
}

const emptyMap = `
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 0); __type(key, __u32); __type(value, __u32); } uneven SEC(".maps");
SEC("raw_tp/sys_enter") int f(void *ctx) { __u32 key = 0; return bpf_map_delete_elem(&uneven, &key); }
`
const missingKfunc = `
extern int bpf_no_such_kfunc(void) __ksym;
SEC("raw_tp/sys_enter") int f(void *ctx) { return bpf_no_such_kfunc(); }
`

describeInKernel('loadAsync() says the same as load()', () => {
  test.each([
    ['a map that cannot be created', /map 'uneven'/, emptyMap],
    [
      'a kernel function that there is not',
      /has no kernel function bpf_no_such_kfunc/,
      missingKfunc,
    ],
    [
      'a kernel variable that there is not',
      /no_such_variable/,
      `extern const int no_such_variable __ksym;
       SEC("raw_tp/sys_enter") int f(void *ctx) { return (long)&no_such_variable; }`,
    ],
    [
      'a configuration that is not set',
      /CONFIG_NO_SUCH_THING/,
      `extern int CONFIG_NO_SUCH_THING __kconfig;
       SEC("raw_tp/sys_enter") int f(void *ctx) { return CONFIG_NO_SUCH_THING; }`,
    ],
    [
      'a field that the kernel lacks',
      /no_such_field/,
      `struct task_struct { int no_such_field; } __attribute__((preserve_access_index));
       SEC("raw_tp/sys_enter") int f(__u64 *ctx)
       {
         struct task_struct *task = (void *)bpf_get_current_task();
         int value = 0;
         bpf_probe_read_kernel(&value, sizeof(value), &task->no_such_field);
         return value;
       }`,
    ],
    [
      'a function to attach to that there is not',
      /no_such_function_at_all/,
      'SEC("fentry/no_such_function_at_all") int f(void *ctx) { return 0; }',
    ],
    [
      'a section that is not known',
      /does not know SEC\("tracepont\/sched\/sched_switch"\)/,
      'SEC("tracepont/sched/sched_switch") int f(void *ctx) { return 0; }',
    ],
    [
      'what the verifier refuses',
      /the verifier says/,
      'SEC("raw_tp/sys_enter") int f(void *ctx) { return *(int *)bpf_get_current_task(); }',
    ],
  ])('of %s', async (_what, telling, source) => {
    const opened = await open(source)
    const sync = failureOf(() => opened.load())
    const again = await open(source)
    const aside = (await again.loadAsync().catch((error: unknown) => error)) as BpfError
    expect(sync.message).toMatch(telling)
    const { code, errno, operation, object, hint, message } = aside
    expect({ code, errno, operation, object, hint, message, kind: aside.constructor }).toEqual({
      code: sync.code,
      errno: sync.errno,
      operation: sync.operation,
      object: sync.object,
      hint: sync.hint,
      message: sync.message,
      kind: sync.constructor,
    })
    expect(withoutTimes(aside.log)).toBe(withoutTimes(sync.log))
  })

  test('of each, when several load at once', async () => {
    const loads = [emptyMap, missingKfunc, emptyMap].map(async (source) =>
      (await open(source)).loadAsync(),
    )
    const messages = (await Promise.allSettled(loads)).map((each) =>
      each.status === 'rejected' ? String(each.reason) : 'it loaded',
    )
    expect(messages.map((text) => /uneven|bpf_no_such_kfunc/.exec(text)?.[0])).toEqual([
      'uneven',
      'bpf_no_such_kfunc',
      'uneven',
    ])
    expect(messages.filter((text) => /uneven/.test(text) && /kfunc/.test(text))).toEqual([])
  })

  test('to the log function', async () => {
    const heard: [string, string][] = []
    setLog((level, text) => heard.push([level, text]))
    onTestFinished(() => setLog(undefined))
    await expect((await open(emptyMap)).loadAsync()).rejects.toThrow(BpfError)
    await Promise.resolve()
    expect(heard.some(([level, text]) => level === 'warn' && text.includes('uneven'))).toBe(true)
    expect(heard.some(([level]) => level === 'debug')).toBe(true)
  })

  test('a load beside it says its own reason', async () => {
    const [first, second] = [await open(emptyMap), await open(missingKfunc)]
    const loading = first.loadAsync().catch((error: unknown) => error)
    const { message } = failureOf(() => second.load())
    expect(message).toMatch(/has no kernel function bpf_no_such_kfunc/)
    expect(message).not.toContain('uneven')
    const aside = await loading
    expect(String(aside)).toMatch(/map 'uneven'/)
    expect(String(aside)).not.toContain('kfunc')
  })

  test('one that is destroyed while it waits never starts', async () => {
    const [first, second] = [await open(emptyMap), await open(emptyMap)]
    const loads = Promise.allSettled([first.loadAsync(), second.loadAsync()])
    second.destroy()
    const [, waiting] = await loads
    expect(waiting).toMatchObject({ reason: { code: 'ERR_BPF_STATE' } })
  })
})

function withoutTimes(log: string | undefined): string | undefined {
  return log?.replaceAll(/verification time \d+ usec/g, '')
}

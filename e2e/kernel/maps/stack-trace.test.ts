import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  BuildIdStackMap,
  RawTracepointProgram,
  SkeletonInstance,
  StackTraceMap,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct stack { __s64 id; __s64 bytes; __u64 frames[32]; };
#define STACKS(name, flags, size) struct { \\
	__uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 64); __uint(map_flags, flags); \\
	__uint(key_size, 4); __uint(value_size, (size) * 32); } name SEC(".maps")
STACKS(kernel_stacks, 0, 8);
STACKS(user_stacks, BPF_F_STACK_BUILD_ID, sizeof(struct bpf_stack_build_id));
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, struct stack); } found SEC(".maps");

SEC("raw_tp/sys_enter")
int run(void *ctx)
{
	__u32 zero = 0, one = 1;
	struct stack *stack = bpf_map_lookup_elem(&found, &zero);
	if (!stack)
		return 0;
	stack->id = bpf_get_stackid(ctx, &kernel_stacks, 0);
	stack->bytes = bpf_get_stack(ctx, stack->frames, sizeof(stack->frames), 0);
	stack = bpf_map_lookup_elem(&found, &one);
	if (!stack)
		return 0;
	stack->id = bpf_get_stackid(ctx, &user_stacks, BPF_F_USER_STACK);
	return 0;
}
`

interface Stack {
  id: bigint
  bytes: bigint
  frames: bigint[]
}
interface Test extends SkeletonInstance {
  maps: { kernel_stacks: StackTraceMap; user_stacks: BuildIdStackMap; found: ArrayMap<Stack> }
  progs: { run: RawTracepointProgram }
}

async function ran(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  loaded.progs.run.testRun()
  return loaded
}

describeInKernel('stack traces', () => {
  test('have the frames of the stack, the innermost first', async () => {
    const { kernel_stacks, found } = (await ran()).maps
    const told = found.get(0)
    if (!told) throw new Error('nothing found')
    const id = Number(told.id)
    const frames = kernel_stacks.get(id) ?? []
    expect(frames.length).toBeGreaterThan(1)
    expect(frames).toHaveLength(Number(told.bytes) / 8)
    // The innermost frame is the call of one helper or the other.
    expect(frames.slice(1)).toEqual(told.frames.slice(1, frames.length))
    expect([...kernel_stacks]).toEqual([[id, frames]])
    expect([
      kernel_stacks.has(id),
      kernel_stacks.has(id ^ 1),
      kernel_stacks.get(10_000),
      kernel_stacks.size,
    ]).toEqual([true, false, undefined, 1])
    expect(kernel_stacks.raw.get(id)).toHaveLength(256)
  })

  test('are removed by delete, take, drain and clear', async () => {
    const { maps, progs } = await ran()
    const { kernel_stacks: stacks } = maps
    const [id = -1] = stacks.keys()
    expect([stacks.delete(id), stacks.delete(id), stacks.size]).toEqual([true, false, 0])
    progs.run.testRun()
    const [[again = -1] = []] = stacks
    expect(stacks.take(again)?.length).toBeGreaterThan(1)
    expect(stacks.take(again)).toBe(undefined)
    progs.run.testRun()
    expect([[...stacks.drain()].length, stacks.size]).toEqual([1, 0])
    progs.run.testRun()
    stacks.clear()
    expect(stacks.size).toBe(0)
    expect('set' in stacks).toBe(false)
  })

  test('with build ids have files and offsets', async () => {
    const { user_stacks, found } = (await ran()).maps
    const id = Number(found.get(1)?.id)
    const [frame] = user_stacks.get(id) ?? []
    expect(frame?.build_id).toHaveLength(20)
    expect([1, 2]).toContain(frame?.status)
    expect(frame?.ip).toBe(frame?.offset)
    expect(() => user_stacks.get('0' as never)).toThrow(TypeError)
  })
})

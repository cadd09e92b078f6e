import { expect, onTestFinished, test } from 'vitest'

import { koffi } from '../../../src/runtime/ffi/koffi.ts'
import { fromLibbpf } from '../../../src/runtime/ffi/libbpf.ts'
import { programPointers } from '../../../src/runtime/ffi/pointers.ts'
import type { Program, SkeletonInstance } from '../../../src/runtime/index.ts'
import { findInstruction, linkProgram } from '../../../src/runtime/verifier/linked-program.ts'
import { readObjectFile } from '../../../src/runtime/verifier/object-file.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const bpf_program__insns = fromLibbpf('ptr bpf_program__insns(ptr)')
const bpf_program__insn_cnt = fromLibbpf('size bpf_program__insn_cnt(ptr)')

/** Functions of every kind, in an order of calls that is none of the source's. */
const source = `
__u64 sum;
static __noinline int third(int a) { return a * bpf_get_prandom_u32(); }
__noinline int unused(int a) { return a - bpf_get_prandom_u32(); }
static __noinline int second(int a) { return third(a) + 2; }
__noinline int first(int a) { return second(a) + third(a + 1); }
static long each(__u32 index, void *context) { sum += third(index) + 7; return 0; }
__noinline int other(int a) { return a ^ bpf_get_prandom_u32(); }

SEC("raw_tp/sys_enter") int plain(void *ctx) { return bpf_get_prandom_u32(); }
SEC("raw_tp/sys_enter") int nested(void *ctx) { return other(1) + first(2) + other(3); }
SEC("raw_tp/sys_exit") int loop(void *ctx) { return bpf_loop(3, each, 0, 0) + second(4); }
`

interface Test extends SkeletonInstance {
  progs: Record<'plain' | 'nested' | 'loop', Program>
}

/** The bytes of struct bpf_insn that linking does not change: codes, and registers but for calls and addresses. */
function shape(bytes: Uint8Array): string {
  const [code = 0, registers] = bytes
  return code === 0x85 || code === 0x18 ? `${code}` : `${code} ${registers}`
}

function shapes(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) =>
    shape(bytes.subarray(index * 8, index * 8 + 8)),
  )
}

describeInKernel("a program's functions", () => {
  test('are counted in the order in which libbpf links them', async () => {
    const { default: skel } = await build<Test>(source)
    const { object } = skel
    const file = readObjectFile(object)
    const trace = skel.openAndLoad()
    onTestFinished(() => trace.destroy())
    for (const [name, expected] of Object.entries({
      plain: ['plain'],
      nested: ['nested', 'other', 'first', 'second', 'third'],
      loop: ['loop', 'each', 'third', 'second'],
    })) {
      const functions = linkProgram(file, name)
      expect(functions.map(({ name }) => name)).toEqual(expected)

      const pointer = programPointers.get(trace.progs[name as 'plain'], 'read the instructions of')
      const count = bpf_program__insn_cnt(pointer)
      const linked = koffi().view(BigInt(bpf_program__insns(pointer)), count * 8)
      const ours = functions.flatMap(({ section, first, instructions }) => {
        const { offset } = file.section(section) ?? { offset: 0 }
        return [...object.subarray(offset + first * 8, offset + (first + instructions) * 8)]
      })
      expect(shapes(Uint8Array.from(ours))).toEqual(shapes(new Uint8Array(linked.slice(0))))
      expect(findInstruction(functions, count)).toBeUndefined()
      const last = functions.at(-1)
      expect(findInstruction(functions, count - 1)?.function).toBe(last)
    }
    expect(linkProgram(file, 'first')).toEqual([])
  })
})

import { expect, test } from 'vitest'

import { coreExplanations } from '../../../src/runtime/verifier/explanations/core.ts'
import { externExplanations } from '../../../src/runtime/verifier/explanations/externs.ts'
import { generalExplanations } from '../../../src/runtime/verifier/explanations/general.ts'
import { plainReason } from '../../../src/runtime/verifier/reason.ts'
import type { VerifierLog } from '../../../src/runtime/verifier/verifier-log.ts'
import { readVerifierLog, verdict } from '../../../src/runtime/verifier/verifier-log.ts'

const explanations = [coreExplanations, externExplanations, generalExplanations]

function reasonOf(log: VerifierLog): string | undefined {
  const verifier = explanations.flatMap((some) => some.verifier)
  return plainReason(log, { verifier, libbpf: [] })
}

/** A log of Linux 6.1: C without its file, states in angle brackets, backtracking in between. */
const older = `reg type unsupported for arg#0 function f#12
0: R1=ctx(off=0,imm=0) R10=fp0
; __u32 key = bpf_get_prandom_u32();
0: (85) call bpf_get_prandom_u32#7    ; R0_w=scalar()
; return value[key];
1: (0f) r1 += r0
last_idx 1 first_idx 0
regs=1 stack=0 before 0: (85) call bpf_get_prandom_u32#7
2: (79) r0 = *(u64 *)(r1 +0)
 R0=scalar() R1_w=map_value(off=0,ks=4,vs=32,umax=34359738360,var_off=(0x0; 0x7fffffff8)) R10=fp0
R1 unbounded memory access, make sure to bounds check any such access
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

const walked = `0: R1=ctx() R10=fp0
; while (!never) @ loop.bpf.c:78
2: (61) r1 = *(u32 *)(r10 -4)         ; R1=0 R10=fp0 fp-8=0000????
3: (15) if r1 == 0x0 goto pc-2        ; R1=0
2: (61) r1 = *(u32 *)(r10 -4)
infinite loop detected at insn 3
cur state: R1=0 R10=fp0 fp-8=0000????
old state: R1=P0 R10=fp0 fp-8=0000????
processed 10 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
`

/** Kernel 7.3 says it twice, and shows other places and instructions on the way. */
const explained = `0: R1=ctx() R10=fp0
; return value[1]; @ trace.bpf.c:42
7: (79) r0 = *(u64 *)(r0 +8)
R0 invalid mem access 'map_value_or_null'

Verification failed: Register Type Safety: Invalid dereference

Reason:
  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
  path, so the verifier cannot prove this access is safe.

At:
  f @ trace.bpf.c:42:9
  Source context:
      40 | ...
  >>> 42 |         return value[1];
         |         ^-- error: invalid dereference of R0
  Instruction context:
      6 | (85) call bpf_map_lookup_elem#1
  >>> 7 | (79) r0 = *(u64 *)(r0 +8)

Causal path:
  f @ trace.bpf.c:34:9
  Source context:
  >>> 34 |         return bpf_map_lookup_elem(&numbers, &key);

Suggestion:
  Add a NULL check before the access.

processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

test('what is said follows the last instruction; states, steps back and counts are no part of it', () => {
  expect(readVerifierLog(older)).toMatchObject({
    messages: ['R1 unbounded memory access, make sure to bounds check any such access'],
    instruction: 2,
    location: undefined,
    lastSourceText: 'return value[key];',
    explanation: undefined,
  })
})

test('a loop is found at the instruction that the words name', () => {
  expect(readVerifierLog(walked)).toMatchObject({
    messages: ['infinite loop detected at insn 3'],
    instruction: 3,
    location: { file: 'loop.bpf.c', line: 78, text: 'while (!never)' },
  })
})

test('what is said before any walk names its instruction, or none', () => {
  expect(readVerifierLog('unreachable insn 12\nprocessed 0 insns\n').instruction).toBe(12)
  expect(readVerifierLog('func#0 @0\nback-edge from insn 5 to 2\n').instruction).toBe(5)
  expect(readVerifierLog('combined stack size of 2 calls is 608. Too large\n')).toMatchObject({
    messages: ['combined stack size of 2 calls is 608. Too large'],
    instruction: undefined,
    lastSourceText: undefined,
  })
})

test("libbpf's line for a failed CO-RE relocation counts as the instruction", () => {
  const log = readVerifierLog(`3: (b7) r2 = 4
4: <invalid CO-RE relocation>
failed to resolve CO-RE relocation <byte_off> [7] struct task_struct___old.none (0:0 @ offset 0)
processed 5 insns
`)
  expect(log.instruction).toBe(4)
  expect(reasonOf(log)).toMatch(/^the running kernel has no struct task_struct\.none;/)
})

test("a newer kernel's explanation is read apart, and gives the location", () => {
  const log = readVerifierLog(explained)
  expect(log).toMatchObject({
    messages: ["R0 invalid mem access 'map_value_or_null'"],
    instruction: 7,
    location: { file: 'trace.bpf.c', line: 42, column: 9 },
    explanation: expect.stringMatching(/^R0 may be NULL here .* is safe\. Add a NULL check before/),
  })
  expect(log.location?.text.trim()).toBe('return value[1];')
  expect(verdict(log)).toBe("R0 invalid mem access 'map_value_or_null'")
})

test("a message without an explanation gets the kernel's own, or none", () => {
  const unknown = explained.replace('R0 invalid mem access', 'R0 does something new:')
  expect(reasonOf(readVerifierLog(unknown))).toMatch(/^R0 may be NULL here/)
  expect(reasonOf(readVerifierLog('0: (95) exit\nR0 does something new\n'))).toBeUndefined()
  expect(reasonOf(readVerifierLog(''))).toBeUndefined()
})

test.for([
  ['unknown func bpf_redirect#23', 'programs of this type may not call bpf_redirect()'],
  ['program of this type cannot use helper bpf_redirect#23', 'may not call bpf_redirect()'],
  ['invalid func unknown#9999', 'no helper with number 9999'],
  ['calling kernel function bpf_task_acquire is not allowed', 'kernel function bpf_task_acquire'],
  ["kfunc 'bpf_new' is referenced but wasn't resolved", 'no kernel function bpf_new'],
  ['invalid indirect read from stack R2 off -8+0 size 8', 'read before it is written'],
  ['invalid write to stack R10 off=-520 size=8', "outside of this function's stack"],
  ['R0 !read_ok', 'return without a value'],
  ['R3 !read_ok', 'read before it has a value'],
  [
    'At program exit the register R0 has value (0x7; 0x0) should have been in (0x0; 0x3)',
    'a value that its type does not allow',
  ],
  [
    'R1 type=scalar expected=fp, pkt, map_value',
    'it is scalar, and the function takes fp, pkt, map_value',
  ],
  ['invalid access to packet, off=12 size=2, R1(id=0,off=12,r=0)', 'data_end'],
  ['invalid bpf_context access off=160 size=4', 'byte 160 of their context'],
  ['write into map forbidden, value_size=4 off=0 size=4', 'may only be read'],
  ['BPF_EXIT instruction cannot be used inside bpf_spin_lock-ed region', 'a lock'],
  ['Sleepable programs can only use array, hash, ringbuf and local storage maps', 'kinds of maps'],
  ['helper call might sleep in a non-sleepable prog', 'must not sleep'],
  ['The sequence of 8193 jumps is too complex.', 'gave up'],
  ['last insn is not an exit or jmp', 'the function has no end'],
  ['the call stack of 9 frames is too deep !', 'depth of 8'],
])('%s: %s', ([words = '', reason = '']) => {
  expect(reasonOf(readVerifierLog(`0: (95) exit\n${words}\n`))).toContain(reason)
})

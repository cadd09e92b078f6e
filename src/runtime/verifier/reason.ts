/**
 * The verifier's classic refusals in plain words. kernel/bpf/verifier.c words them for those who know it; kernel 7.3
 * words many anew, hence the alternatives.
 */
const reasons: readonly (readonly [RegExp, string])[] = [
  [
    /failed to resolve CO-RE relocation <\w+> (.*)/,
    'the running kernel has no $1; test for it with bpf_core_field_exists() or bpf_core_type_exists() before using it',
  ],
  [
    /BPF map '([^']+)' is referenced but wasn't created/,
    'it uses map $1, whose autocreate is off; set autoload of this program to false as well',
  ],
  [
    /fd \d+ is not pointing to valid bpf_map/,
    'it uses a map that was not created: its autocreate is off, or it is a SEC(".percpu") and the running kernel has no BPF_F_ALL_CPUS',
  ],
  [
    /kfunc '([^']+)' (?:is referenced but wasn't resolved|has no)/,
    'the running kernel has no kernel function $1; declare it __weak and test for it before the call',
  ],
  [
    /invalid mem access '\w*(?:_or_null|or_null_)\w*'/,
    'this pointer may be NULL here: compare it with NULL before using it',
  ],
  [
    /invalid mem access '(?:scalar|inv)'/,
    'to the verifier this is a number, not a pointer to memory that may be read directly: use bpf_probe_read_kernel(), bpf_probe_read_user() or BPF_CORE_READ()',
  ],
  [
    /invalid access to packet|pointer comparison prohibited.*pkt/,
    'the access may lie behind the end of the packet: compare with data_end first',
  ],
  [
    /invalid access to map value/,
    'the access may lie outside the value of the map: bound the index or offset first',
  ],
  [
    /(?:R\d+ (?:unbounded memory access|min value is (?:negative|outside))|max value is outside of the allowed memory range|math between \w+ pointer and register with unbounded)/i,
    'the verifier cannot tell that an index, offset or length stays in bounds: compare it with its limits first',
  ],
  [
    /invalid (?:access to|size of) (?:memory|register)|access beyond|out of bounds/i,
    'the access lies outside the memory it is made to',
  ],
  [
    /back-edge from insn|infinite loop detected/,
    'a loop has no bound that the verifier can see: give it a constant limit, or use bpf_for() or bpf_loop()',
  ],
  [
    /BPF program is too large\. Processed|too many (?:states|instructions)|sequence of \d+ jumps is too complex/,
    'the verifier gave up after following too many instructions: make loops and branches fewer, or split the program by tail calls',
  ],
  [
    /combined stack size|stack (?:depth|size) \d+ (?:exceeds|is too large)|invalid (?:write to|read from|variable-offset \w+ \w+|indirect access to) stack|stack limit/i,
    'the stack is 512 bytes, and this uses more or reads what it has not written: keep large data in a map',
  ],
  [
    /Unreleased reference|reference has not been (?:released|acquired)|(?:tail_call|BPF_EXIT).* would lead to reference leak/i,
    'something acquired is not released on every way out: submit or discard each ring buffer reservation, release each reference',
  ],
  [
    /cannot call GPL-restricted function/,
    'the function is for GPL programs only: declare char LICENSE[] SEC("license") = "GPL"',
  ],
  [
    /(?:unknown func|invalid func) (\w+)#\d+|program of this type cannot use helper (\w+)|helper call is not allowed|cannot use helper/,
    'this function does not exist in the running kernel, or not for programs of this type',
  ],
  [/!read_ok/, 'a variable is read before it has a value on some path'],
  [
    /At (?:program|subprogram|callback) exit the register R0|R0 has (?:value|unknown)|should have been in/i,
    'the program returns a value that its type does not allow',
  ],
  [/unreachable insn/, 'some code can never be reached'],
  [/leaks? addr|pointer leak/i, 'a kernel address would become visible: needs CAP_PERFMON'],
  [
    /sleep|non-sleepable|might sleep/i,
    'a function that may sleep is called where the program must not sleep',
  ],
  [
    /attach_btf_id|is not supported|Invalid .*attach type/i,
    'the running kernel cannot attach programs of this type here',
  ],
]

/** Enough of a log's end for the last words; a whole one may have a million lines. */
const tailLength = 1 << 14

/** The last lines of what the verifier says itself, last first: neither instructions, C source nor statistics. */
function lastLines(log: string): string[] {
  return log
    .slice(-tailLength)
    .split('\n')
    .filter(
      (line) =>
        line.trim() !== '' &&
        !/^\d+: |^; |^processed \d+ insns|^(verification time|stack depth|peak_states|mark_precise|from \d+ to)/.test(
          line,
        ),
    )
    .toReversed()
}

/** In plain words why the verifier refused; undefined when its log is none of the classic ones. */
export function plainReason(log: string): string | undefined {
  for (const line of lastLines(log)) {
    for (const [pattern, reason] of reasons) {
      const match = pattern.exec(line)
      if (match) return reason.replaceAll(/\$(\d)/g, (_, n: string) => match[Number(n)] ?? '')
    }
  }
  return undefined
}

/** The verifier's own last words. */
export function lastWords(log: string): string {
  return lastLines(log)[0]?.trim() ?? ''
}

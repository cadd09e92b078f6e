import { bpffsAdvice } from '../../host/bpffs.ts'
import type { Explanations } from './explanations.ts'

/** Names a section of the documents that says more. It has no address: agents run where no documents are. */
const linkToGuide = (heading: string): string =>
  `More: docs/verifier.md of unplugin-bpf, "${heading}"`

/** The C may well compare: the verifier sees only the instructions. */
const boundsCauses = `Likely causes: no comparison with each limit on this path; a comparison of another copy, since the value was spilled to memory and read again; a comparison of 32 bits only, as clang makes for an older -mcpu. ${linkToGuide('Bounds')}`

/** Explanations of refusals that any program may meet. */
export const generalExplanations: Explanations = {
  verifier: [
    [
      /BPF map '([^']+)' is referenced but wasn't created/,
      'the program uses map $1, whose autocreate is off; set autoload of this program to false as well',
    ],
    [
      /fd \d+ is not pointing to valid bpf_map/,
      'the program uses a map that was not created: its autocreate is off, or it is a SEC(".percpu") and the running kernel has no BPF_F_ALL_CPUS',
    ],
    [
      /Tracing programs must provide btf_id/,
      'the program attaches to many functions at once, which needs Linux 7.3, or names none',
    ],
    [/func unknown#(\d+)/, 'the running kernel has no helper with number $1'],
    [
      /(?:unknown func|program of this type cannot use helper) (\w+)#\d+/,
      'programs of this type may not call $1(), or not in this kernel',
    ],
    [
      /cannot call GPL-restricted function|cannot call kernel function from non-GPL|must have a GPL compatible license/,
      'what it calls is for GPL programs only: declare char LICENSE[] SEC("license") = "GPL"',
    ],
    [
      /invalid mem access '\w*or_null\w*'|null-check it first|Possibly NULL pointer passed/,
      `to the verifier this pointer may be NULL here. Likely causes: no comparison with NULL on this path; the comparison was made on another lookup, or on a copy in memory. ${linkToGuide('Pointers that may be NULL')}`,
    ],
    [
      /invalid mem access '(?:scalar|inv)'/,
      'to the verifier this is a number, not a pointer to memory that may be read directly: use bpf_probe_read_kernel(), bpf_probe_read_user() or BPF_CORE_READ()',
    ],
    [
      /invalid access to packet|pointer comparison prohibited.*pkt/,
      `the verifier does not know that this access ends before data_end. ${boundsCauses}`,
    ],
    [
      /invalid access to map value|invalid access to map key/,
      `the verifier does not know that this access stays inside what the map holds. ${boundsCauses}`,
    ],
    [
      /invalid (?:bpf_context access|access to context).*?off=(\d+).*?(?: size=(\d+)|$)/,
      'programs of this type may not access byte $1 of their context in this way',
    ],
    [
      /min value is negative|unbounded memory access|(?:min|max) value is outside of the allowed memory range|pointer and register with unbounded|value -?\d+ makes \w+ pointer be out of bounds/i,
      `the verifier does not know that this index, offset or length stays in bounds. ${boundsCauses}`,
    ],
    [
      /combined stack size of \d+ calls is \d+|stack (?:depth|size).*(?:exceeds|too large)/i,
      'functions that call one another share 512 bytes of stack, and these take more: keep large data in a map',
    ],
    [/call stack of \d+ frames is too deep/, 'functions may call one another to a depth of 8 only'],
    [/recursive call/, 'functions may not call themselves, directly or through others'],
    [
      /invalid (?:read from|indirect (?:read from|access to)|unbounded variable-offset read from) stack/i,
      'memory on the stack is read before it is written: set all of it first, padding too',
    ],
    [
      /invalid (?:variable-offset |unbounded variable-offset )?(?:\w+ )?(?:write to |access to )?stack/i,
      "the access is outside of this function's stack",
    ],
    [
      /back-edge from insn|infinite loop detected/,
      `a loop has no bound that the verifier can see. Likely causes: its limit is read from memory, or changes in the loop. A constant limit, bpf_for() and bpf_loop() have one. ${linkToGuide('Loops and size')}`,
    ],
    [
      /BPF program is too large\. Processed|too many (?:states|instructions)|sequence of \d+ jumps is too complex/,
      `the verifier gave up after following too many instructions. Likely causes: a loop that is unrolled or has many rounds; many branches one after another. Global functions and bpf_loop() are verified once, tail calls by themselves. ${linkToGuide('Loops and size')}`,
    ],
    [
      /Unreleased reference|would lead to reference leak|Leaking reference/i,
      'a reservation or reference is not released on every path: submit or discard each ring buffer reservation, release each reference',
    ],
    [
      /release .*expects referenced/,
      'what is released here was not acquired, or has been released already',
    ],
    [/R0 !read_ok/, 'the function may return without a value: set the return value on every path'],
    [
      /!read_ok|due to uninitialized variable/,
      'a variable is read before it has a value on some path',
    ],
    [
      /At (?:program|subprogram|callback|async callback) exit the register R\d|R0 has (?:value|unknown)|R0 is not a known value|R0 leaks addr as return/i,
      'the program returns a value that its type does not allow',
    ],
    [
      /^R\d+ type=(\S*) expected=(.*)/,
      'an argument of this call has the wrong kind of value: it is $1, and the function takes $2',
    ],
    [
      /write into map forbidden|cannot write into (?:rd|map|packet)|the prog does not allow writes/,
      'this memory may only be read',
    ],
    [/read from map forbidden/, 'programs may only write to this map'],
    [
      /while holding a lock|inside bpf_spin_lock|lock.*(?:is missing|not in the same)|spin_lock/,
      'a lock is not held or released as it must be: between bpf_spin_lock() and bpf_spin_unlock() on the same value nothing else may be called',
    ],
    [
      /^Sleepable programs can only use/i,
      'a program that may sleep, as its section says, can only use some kinds of maps',
    ],
    [
      /sleepable|might sleep/i,
      'a function that may sleep is called where the program must not sleep',
    ],
    [/misaligned/, 'the address is not a multiple of the size of what is read or written'],
    [/leaks addr|leaking pointer/i, 'a kernel address would become visible'],
    [/unreachable insn/, 'some instructions can never be reached'],
    [
      /last insn is not an exit|jump out of range/,
      'the function has no end: clang leaves out what follows undefined behaviour, such as a division by zero or a read through a null pointer',
    ],
    [
      /JIT|tail_calls? .*not allowed|mixing of tail_calls/,
      "this needs the kernel's just-in-time compiler, which is off or cannot do it on this machine",
    ],
    [
      /attach_btf_id|is not supported|Invalid .*attach type/i,
      'the running kernel cannot attach programs of this type here',
    ],
    [
      /^invalid access to|invalid size of register|pointer arithmetic.*out of range|beyond pointer bounds/,
      'the access is outside of its memory',
    ],
  ],
  libbpf: [
    [
      /kernel BTF is missing|failed to find valid kernel BTF|Error loading vmlinux BTF|vmlinux BTF is not found/,
      'This machine has no kernel BTF (/sys/kernel/btf/vmlinux): use a kernel that is built with CONFIG_DEBUG_INFO_BTF, or pass btfCustomPath to open()',
    ],
    [
      /missing BPF prog type, check ELF section name '([^']+)'/,
      'The installed libbpf does not know SEC("$1"): check its spelling, set autoload of the program to false, or use a newer libbpf (BPF_LIBBPF)',
    ],
    [
      /struct_ops init_kern: struct (\S+) is not found in kernel BTF/,
      'The running kernel has no struct $1 that programs can implement',
    ],
    [/\bpin/i, bpffsAdvice],
  ],
}

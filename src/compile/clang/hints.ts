import type { Diagnostic, Note } from './diagnostics.ts'
import { type InstalledHeaders, newerNameNote } from './libbpf-names.ts'

/** What a person would be told by one who has met the message before. */
const hints: readonly {
  readonly message: RegExp
  readonly file?: RegExp
  /** Only where vmlinux.h was generated. */
  readonly ofGeneratedVmlinux?: true
  readonly advice: string
}[] = [
  {
    message: /^'bpf\/\w+\.h' file not found/,
    advice:
      "install libbpf's headers (Debian, Ubuntu: apt install libbpf-dev; Fedora: dnf install libbpf-devel), or name their folder in the option include",
  },
  {
    message: /^'(linux|asm|asm-generic)\/[\w/-]+\.h' file not found/,
    advice:
      "install the kernel's headers for user space (Debian, Ubuntu: apt install linux-libc-dev; Fedora: dnf install kernel-headers), or include vmlinux.h instead",
  },
  {
    // On x86, <gnu/stubs.h> goes by __x86_64__, which clang does not define for BPF.
    message: /^'gnu\/stubs-32\.h' file not found/,
    advice:
      "a header of the C library asks for the machine's word size: include vmlinux.h or <linux/types.h> in its place, or set the option defines: { __x86_64__: true }",
  },
  {
    message:
      /^no member named '.+' in '(struct|union) |^incomplete definition of type '(struct|union) /,
    ofGeneratedVmlinux: true,
    advice:
      "vmlinux.h is generated from this machine's kernel, and kernels differ in their types: the option vmlinux takes another's, which CO-RE fits to the kernel that loads the program",
  },
  {
    message: /^unknown type name '__[us](8|16|32|64)'/,
    file: /[/\\]bpf_\w+\.h$/,
    advice: 'include "vmlinux.h" or <linux/bpf.h> before the headers of libbpf',
  },
  {
    message: /^\S+ changed binding to STB_GLOBAL$|^symbol '.+' is already defined$/,
    advice:
      'the assembler takes a section and a function of one name for one symbol: where it is as in SEC("xdp") int xdp(…), rename the function',
  },
  {
    message: /BPF stack limit/,
    advice: 'a BPF program has 512 bytes of stack: keep large values in a per-CPU array map',
  },
]

/** The same with the first hint that fits as a last note; each hint is given once. */
export function withHints(
  diagnostics: readonly Diagnostic[],
  {
    isVmlinuxGenerated,
    headers,
  }: { readonly isVmlinuxGenerated: boolean; readonly headers?: InstalledHeaders | undefined },
): Diagnostic[] {
  const told = new Set<string>()
  const left = new Set(hints.filter((hint) => isVmlinuxGenerated || !hint.ofGeneratedVmlinux))
  return diagnostics.map((diagnostic) => {
    for (const hint of left) {
      if (!hint.message.test(diagnostic.message)) continue
      if (hint.file && !hint.file.test(diagnostic.file)) continue
      left.delete(hint)
      return withNote(diagnostic, { message: hint.advice })
    }
    const note = newerNameNote(diagnostic, headers)
    if (!note || told.has(note.message)) return diagnostic
    told.add(note.message)
    return withNote(diagnostic, note)
  })
}

export const withNote = (diagnostic: Diagnostic, note: Note): Diagnostic => ({
  ...diagnostic,
  notes: [...diagnostic.notes, note],
})

import type { Diagnostic, Note } from './diagnostics.ts'
import { type InstalledHeaders, newerNameNote } from './libbpf-names.ts'

/** Advice for messages of clang that do not say what to do. */
const hints: readonly {
  readonly message: RegExp
  readonly file?: RegExp
  /** Set if the advice fits a generated vmlinux.h alone. */
  readonly onlyGeneratedVmlinux?: true
  readonly advice: string
}[] = [
  {
    message: /^'bpf\/\w+\.h' file not found/,
    advice:
      "install libbpf's headers (Debian, Ubuntu: apt install libbpf-dev; Fedora: dnf install libbpf-devel), or add their folder to the option include",
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
      "a header of the C library needs the machine's word size: include vmlinux.h or <linux/types.h> instead, or set the option defines: { __x86_64__: true }",
  },
  {
    message:
      /^no member named '.+' in '(struct|union) |^incomplete definition of type '(struct|union) /,
    onlyGeneratedVmlinux: true,
    advice:
      "vmlinux.h is generated from this machine's kernel, and other kernels have other types: set the option vmlinux to a vmlinux.h or BTF of another kernel; CO-RE adapts the program to the kernel that loads it",
  },
  {
    message: /^unknown type name '__[us](8|16|32|64)'/,
    file: /[/\\]bpf_\w+\.h$/,
    advice: 'include "vmlinux.h" or <linux/bpf.h> before the headers of libbpf',
  },
  {
    message: /^\S+ changed binding to STB_GLOBAL$|^symbol '.+' is already defined$/,
    advice:
      'a section and a function of the same name, as in SEC("xdp") int xdp(…), are one symbol to the assembler: rename the function',
  },
  {
    message: /BPF stack limit/,
    advice: 'a BPF program has 512 bytes of stack: keep large values in a per-CPU array map',
  },
]

/** Appends to each diagnostic a note with the first hint that fits; each hint is given once. */
export function withHints(
  diagnostics: readonly Diagnostic[],
  {
    isVmlinuxGenerated,
    headers,
  }: { readonly isVmlinuxGenerated: boolean; readonly headers?: InstalledHeaders | undefined },
): Diagnostic[] {
  const given = new Set<string>()
  const remaining = new Set(
    hints.filter((hint) => isVmlinuxGenerated || !hint.onlyGeneratedVmlinux),
  )
  return diagnostics.map((diagnostic) => {
    for (const hint of remaining) {
      if (!hint.message.test(diagnostic.message)) continue
      if (hint.file && !hint.file.test(diagnostic.file)) continue
      remaining.delete(hint)
      return withNote(diagnostic, { message: hint.advice })
    }
    const note = newerNameNote(diagnostic, headers)
    if (!note || given.has(note.message)) return diagnostic
    given.add(note.message)
    return withNote(diagnostic, note)
  })
}

export const withNote = (diagnostic: Diagnostic, note: Note): Diagnostic => ({
  ...diagnostic,
  notes: [...diagnostic.notes, note],
})

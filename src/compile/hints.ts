import type { Diagnostic, Note } from './diagnostics.ts'

/** What a person would be told by one who has met the message before. */
const hints: readonly {
  readonly message: RegExp
  readonly file?: RegExp
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
    message: /^unknown type name '__[us](8|16|32|64)'/,
    file: /[/\\]bpf_\w+\.h$/,
    advice: 'include "vmlinux.h" or <linux/bpf.h> before the headers of libbpf',
  },
  {
    message: /BPF stack limit/,
    advice: 'a BPF program has 512 bytes of stack: keep large values in a per-CPU array map',
  },
]

/** The same with the first hint that fits as a last note; each hint is given once. */
export function withHints(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const left = new Set(hints)
  return diagnostics.map((diagnostic) => {
    for (const hint of left) {
      if (!hint.message.test(diagnostic.message)) continue
      if (hint.file && !hint.file.test(diagnostic.file)) continue
      left.delete(hint)
      return withNote(diagnostic, { message: hint.advice })
    }
    return diagnostic
  })
}

export const withNote = (diagnostic: Diagnostic, note: Note): Diagnostic => ({
  ...diagnostic,
  notes: [...diagnostic.notes, note],
})

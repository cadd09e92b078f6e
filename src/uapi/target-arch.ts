/** The architectures of `process.arch`, in the words of libbpf's `__TARGET_ARCH_…` (bpf_tracing.h). */
const words: ReadonlyMap<string, string> = new Map([
  ['x64', 'x86'],
  ['ia32', 'x86'],
  ['ppc64', 'powerpc'],
  ['riscv64', 'riscv'],
  ['s390x', 's390'],
  ['loong64', 'loongarch'],
  ['mipsel', 'mips'],
])

/** The architecture that Node runs on, as the option `arch` names it. */
export function hostArch(): string {
  return words.get(process.arch) ?? process.arch
}

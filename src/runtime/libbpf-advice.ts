/** What to do about what libbpf says while it loads an object (libbpf.c: pr_warn), more particular first. */
const advices: readonly (readonly [RegExp, string])[] = [
  [
    /extern \(func ksym\) '([^']+)': not found/,
    'The running kernel has no kernel function $1: declare it __weak, and test bpf_ksym_exists($1) before the call',
  ],
  [
    /extern \((?:var )?ksym\) '([^']+)': not found/,
    'The running kernel has no variable $1: declare it __weak, and test for NULL before using it',
  ],
  [
    /extern \((?:func|var) ksym\) '([^']+)': (?:func_proto .*incompatible|incompatible types)/,
    'The running kernel declares $1 otherwise than the program does',
  ],
  [
    /extern '(CONFIG_[^']+)' \(strong\): not resolved/,
    "The running kernel's configuration (/proc/config.gz, /boot/config-*) has no $1: declare it __weak, or give open() a kconfig",
  ],
  [
    /extern '([^']+)' \(strong\): not resolved/,
    'The running kernel has no symbol $1: declare it __weak, and test for NULL before using it',
  ],
  [
    /failed to parse target BTF/,
    'btfCustomPath must lead to raw BTF, as /sys/kernel/btf/vmlinux is, or to an ELF file with a .BTF section',
  ],
  [
    /kernel BTF is missing|failed to find valid kernel BTF|Error loading vmlinux BTF|vmlinux BTF is not found/,
    'This machine shows no kernel BTF (/sys/kernel/btf/vmlinux): the kernel must be built with CONFIG_DEBUG_INFO_BTF, or open() be given btfCustomPath',
  ],
  [
    /missing BPF prog type, check ELF section name '([^']+)'/,
    'SEC("$1") is none that the installed libbpf knows: look at its spelling, set autoload of the program to false, or use a newer libbpf (BPF_LIBBPF)',
  ],
  [
    /struct_ops init_kern: struct (\S+) is not found in kernel BTF/,
    'The running kernel has no struct $1 for programs to implement',
  ],
  [/\bpin/i, 'Pins live in a BPF file system: mount -t bpf bpf /sys/fs/bpf'],
]

export function libbpfAdvice(heard: string): string | undefined {
  for (const [pattern, advice] of advices) {
    const match = pattern.exec(heard)
    if (match) return advice.replaceAll('$1', match[1] ?? '')
  }
  return undefined
}

import type { Explanations } from './explanations.ts'

/** Explanations for objects with CO-RE relocations. libbpf writes failed ones into the verifier's log. */
export const coreExplanations: Explanations = {
  verifier: [
    [
      /failed to resolve CO-RE relocation <(?:byte_off|byte_sz|signed|[lr]shift_u64)> \[\d+\] (.*)\.(.*?)(?: \(.*|$)/,
      'the running kernel has no $1.$2; test for it with bpf_core_field_exists() before using it',
    ],
    [
      /failed to resolve CO-RE relocation <enumval_value> \[\d+\] (.*?)(?: = .*|$)/,
      'the running kernel has no $1; test for it with bpf_core_enum_value_exists() before using it',
    ],
    [
      /failed to resolve CO-RE relocation <\w+> \[\d+\] (.*?)(?: \(.*|$)/,
      'the running kernel has no $1; test for it with bpf_core_type_exists() before using it',
    ],
  ],
  libbpf: [
    [
      /failed to parse target BTF/,
      'btfCustomPath must be a file of raw BTF, such as /sys/kernel/btf/vmlinux, or an ELF file with a .BTF section',
    ],
  ],
}

import type { Explanations } from './explanations.ts'

/** Explanations for objects that declare kernel symbols or options: `__ksym`, `__kconfig`. */
export const externExplanations: Explanations = {
  verifier: [
    [
      /kfunc '([^']+)' is referenced but wasn't resolved/,
      'the running kernel has no kernel function $1; test for it with bpf_ksym_exists() before the call',
    ],
    [
      /calling kernel function (\S+) is not allowed/,
      'programs of this type may not call the kernel function $1',
    ],
  ],
  libbpf: [
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
      'The running kernel declares $1 with another type than the program does',
    ],
    [
      /extern '(CONFIG_[^']+)' \(strong\): not resolved/,
      "The running kernel's configuration (/proc/config.gz, /boot/config-*) has no $1: declare it __weak, or give open() a kconfig",
    ],
    [
      /extern '([^']+)' \(strong\): not resolved/,
      'The running kernel has no symbol $1: declare it __weak, and test for NULL before using it',
    ],
  ],
}

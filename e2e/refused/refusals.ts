/** What each program of this folder is refused for, in the words that a user gets on every kernel. */
export const refusals: Readonly<Record<string, RegExp>> = {
  missing_null_check: /may be NULL/,
  map_value_bounds:
    /index, offset or length stays in bounds\. Likely causes: .*spilled.*32 bits.*-mcpu.*docs\/verifier\.md/,
  map_value_size: /stays inside what the map holds.*Likely causes/,
  memory_access: /a number, not a pointer.*bpf_probe_read_kernel/,
  unbounded_loop: /a loop has no bound/,
  endless_branches: /gave up after following too many instructions/,
  unreleased: /not released on every path/,
  unknown_function: /no helper with number 9999/,
  helper_not_allowed: /may not call bpf_redirect\(\)/,
  uninitialised: /read before it has a value/,
  packet_bounds: /ends before data_end.*Likely causes/,
  context_access: /may not access byte 160 of their context/,
  return_value: /returns a value that its type does not allow/,
  stack_size: /share 512 bytes of stack/,
  static_subprogram: /may be NULL/,
  global_subprogram: /may be NULL/,
  alike_subprograms: /may be NULL/,
  callback: /may be NULL/,
  in_header: /may be NULL/,
  unreachable: /can never be reached/,
  missing_field: /no struct task_struct\.no_such_field/,
  missing_map: /map not_created, whose autocreate is off/,
  missing_gpl: /GPL programs only/,
}

/** What libbpf refuses before the verifier sees it, by object: the whole message. */
export const lacks: Readonly<Record<string, RegExp>> = {
  missing_kfunc_bpf: /'bpf_no_such_kfunc'.*no kernel function bpf_no_such_kfunc.*__weak/,
  missing_ksym_bpf: /'no_such_ksym'.*no variable no_such_ksym.*__weak/,
}

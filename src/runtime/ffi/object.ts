import type { Call } from './library.ts'
import { fromLibbpf, fromNewerLibbpf } from './library.ts'

/** libbpf's functions on objects, programs, maps and links, by their C names. */
export const bpf_object__open_skeleton: Call<number> = fromLibbpf(
  'bpf_object__open_skeleton',
  'int',
  ['uintptr_t', 'uintptr_t'],
)
export const bpf_object__load_skeleton: Call<number> = fromLibbpf(
  'bpf_object__load_skeleton',
  'int',
  ['uintptr_t'],
)
export const bpf_object__attach_skeleton: Call<number> = fromLibbpf(
  'bpf_object__attach_skeleton',
  'int',
  ['uintptr_t'],
)
export const bpf_object__destroy_skeleton: Call<void> = fromLibbpf<void>(
  'bpf_object__destroy_skeleton',
  'void',
  ['uintptr_t'],
)

export const bpf_map__fd: Call<number> = fromLibbpf('bpf_map__fd', 'int', ['uintptr_t'])
export const bpf_map__type: Call<number> = fromLibbpf('bpf_map__type', 'int', ['uintptr_t'])
export const bpf_map__initial_value: Call<number> = fromLibbpf(
  'bpf_map__initial_value',
  'uintptr_t',
  ['uintptr_t', 'void *'],
)
export const bpf_map__max_entries: Call<number> = fromLibbpf('bpf_map__max_entries', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__set_max_entries: Call<number> = fromLibbpf(
  'bpf_map__set_max_entries',
  'int',
  ['uintptr_t', 'uint32_t'],
)
export const bpf_map__key_size: Call<number> = fromLibbpf('bpf_map__key_size', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__value_size: Call<number> = fromLibbpf('bpf_map__value_size', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__set_value_size: Call<number> = fromLibbpf('bpf_map__set_value_size', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__set_key_size: Call<number> = fromLibbpf('bpf_map__set_key_size', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__set_type: Call<number> = fromLibbpf('bpf_map__set_type', 'int', [
  'uintptr_t',
  'int',
])
export const bpf_map__set_map_extra: Call<number> = fromLibbpf('bpf_map__set_map_extra', 'int', [
  'uintptr_t',
  'uint64_t',
])
export const bpf_map__ifindex: Call<number> = fromLibbpf('bpf_map__ifindex', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__set_ifindex: Call<number> = fromLibbpf('bpf_map__set_ifindex', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__is_internal: Call<boolean> = fromLibbpf<boolean>(
  'bpf_map__is_internal',
  'bool',
  ['uintptr_t'],
)
export const bpf_map__reuse_fd: Call<number> = fromLibbpf('bpf_map__reuse_fd', 'int', [
  'uintptr_t',
  'int',
])
export const bpf_map__inner_map: Call<number> = fromLibbpf('bpf_map__inner_map', 'uintptr_t', [
  'uintptr_t',
])
export const bpf_map__set_inner_map_fd: Call<number> = fromLibbpf(
  'bpf_map__set_inner_map_fd',
  'int',
  ['uintptr_t', 'int'],
)
export const bpf_map__autocreate: Call<boolean> = fromLibbpf<boolean>(
  'bpf_map__autocreate',
  'bool',
  ['uintptr_t'],
)
export const bpf_map__set_autocreate: Call<number> = fromLibbpf('bpf_map__set_autocreate', 'int', [
  'uintptr_t',
  'bool',
])
export const bpf_map__map_flags: Call<number> = fromLibbpf('bpf_map__map_flags', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__set_map_flags: Call<number> = fromLibbpf('bpf_map__set_map_flags', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__map_extra: Call<number | bigint> = fromLibbpf<number | bigint>(
  'bpf_map__map_extra',
  'uint64_t',
  ['uintptr_t'],
)
export const bpf_map__numa_node: Call<number> = fromLibbpf('bpf_map__numa_node', 'uint32_t', [
  'uintptr_t',
])
export const bpf_map__set_numa_node: Call<number> = fromLibbpf('bpf_map__set_numa_node', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__pin_path: Call<string | null> = fromLibbpf<string | null>(
  'bpf_map__pin_path',
  'str',
  ['uintptr_t'],
)
export const bpf_map__set_pin_path: Call<number> = fromLibbpf('bpf_map__set_pin_path', 'int', [
  'uintptr_t',
  'str?',
])
export const bpf_map__pin: Call<number> = fromLibbpf('bpf_map__pin', 'int', ['uintptr_t', 'str?'])
export const bpf_map__unpin: Call<number> = fromLibbpf('bpf_map__unpin', 'int', [
  'uintptr_t',
  'str?',
])

export const bpf_program__fd: Call<number> = fromLibbpf('bpf_program__fd', 'int', ['uintptr_t'])
export const bpf_program__type: Call<number> = fromLibbpf('bpf_program__type', 'int', ['uintptr_t'])
export const bpf_program__set_type: Call<number> = fromLibbpf('bpf_program__set_type', 'int', [
  'uintptr_t',
  'int',
])
export const bpf_program__expected_attach_type: Call<number> = fromLibbpf(
  'bpf_program__expected_attach_type',
  'int',
  ['uintptr_t'],
)
export const bpf_program__set_expected_attach_type: Call<number> = fromLibbpf(
  'bpf_program__set_expected_attach_type',
  'int',
  ['uintptr_t', 'int'],
)
export const bpf_program__flags: Call<number> = fromLibbpf('bpf_program__flags', 'uint32_t', [
  'uintptr_t',
])
export const bpf_program__set_flags: Call<number> = fromLibbpf('bpf_program__set_flags', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_program__log_level: Call<number> = fromLibbpf(
  'bpf_program__log_level',
  'uint32_t',
  ['uintptr_t'],
)
export const bpf_program__set_log_level: Call<number> = fromLibbpf(
  'bpf_program__set_log_level',
  'int',
  ['uintptr_t', 'uint32_t'],
)
export const bpf_program__log_buf: Call<number> = fromLibbpf('bpf_program__log_buf', 'uintptr_t', [
  'uintptr_t',
  'void *',
])
export const bpf_program__set_ifindex: Call<void> = fromLibbpf<void>(
  'bpf_program__set_ifindex',
  'void',
  ['uintptr_t', 'uint32_t'],
)
export const bpf_program__set_attach_target: Call<number> = fromLibbpf(
  'bpf_program__set_attach_target',
  'int',
  ['uintptr_t', 'int', 'str'],
)
export const libbpf_bpf_prog_type_str: Call<string | null> = fromLibbpf<string | null>(
  'libbpf_bpf_prog_type_str',
  'str',
  ['int'],
)
export const libbpf_bpf_attach_type_str: Call<string | null> = fromLibbpf<string | null>(
  'libbpf_bpf_attach_type_str',
  'str',
  ['int'],
)
export const bpf_program__section_name: Call<string> = fromLibbpf<string>(
  'bpf_program__section_name',
  'str',
  ['uintptr_t'],
)
export const bpf_program__autoload: Call<boolean> = fromLibbpf<boolean>(
  'bpf_program__autoload',
  'bool',
  ['uintptr_t'],
)
export const bpf_program__set_autoload: Call<number> = fromLibbpf(
  'bpf_program__set_autoload',
  'int',
  ['uintptr_t', 'bool'],
)
export const bpf_program__autoattach: Call<boolean> = fromLibbpf<boolean>(
  'bpf_program__autoattach',
  'bool',
  ['uintptr_t'],
)
export const bpf_program__set_autoattach: Call<void> = fromLibbpf<void>(
  'bpf_program__set_autoattach',
  'void',
  ['uintptr_t', 'bool'],
)
export const bpf_program__set_log_buf: Call<number> = fromLibbpf(
  'bpf_program__set_log_buf',
  'int',
  ['uintptr_t', 'uintptr_t', 'size_t'],
)
export const bpf_program__pin: Call<number> = fromLibbpf('bpf_program__pin', 'int', [
  'uintptr_t',
  'str',
])
export const bpf_program__unpin: Call<number> = fromLibbpf('bpf_program__unpin', 'int', [
  'uintptr_t',
  'str',
])

export const bpf_link__fd: Call<number> = fromLibbpf('bpf_link__fd', 'int', ['uintptr_t'])
export const bpf_link__destroy: Call<number> = fromLibbpf('bpf_link__destroy', 'int', ['uintptr_t'])
export const bpf_link__update_program: Call<number> = fromLibbpf(
  'bpf_link__update_program',
  'int',
  ['uintptr_t', 'uintptr_t'],
)
export const bpf_link__pin: Call<number> = fromLibbpf('bpf_link__pin', 'int', ['uintptr_t', 'str'])
export const bpf_link__unpin: Call<number> = fromLibbpf('bpf_link__unpin', 'int', ['uintptr_t'])

export const bpf_map__attach_struct_ops: Call<number> = fromLibbpf(
  'bpf_map__attach_struct_ops',
  'uintptr_t',
  ['uintptr_t'],
)
export const bpf_link__update_map: Call<number> = fromNewerLibbpf(
  '1.2',
  'bpf_link__update_map',
  'int',
  ['uintptr_t', 'uintptr_t'],
)

import { fromLibbpf, fromNewerLibbpf } from './library.ts'

/** libbpf's functions on objects, programs, maps and links, by their C names. */
export const bpf_object__open_skeleton = fromLibbpf('bpf_object__open_skeleton', 'int', [
  'uintptr_t',
  'uintptr_t',
])
export const bpf_object__load_skeleton = fromLibbpf('bpf_object__load_skeleton', 'int', [
  'uintptr_t',
])
export const bpf_object__attach_skeleton = fromLibbpf('bpf_object__attach_skeleton', 'int', [
  'uintptr_t',
])
export const bpf_object__destroy_skeleton = fromLibbpf<void>(
  'bpf_object__destroy_skeleton',
  'void',
  ['uintptr_t'],
)

export const bpf_map__fd = fromLibbpf('bpf_map__fd', 'int', ['uintptr_t'])
export const bpf_map__type = fromLibbpf('bpf_map__type', 'int', ['uintptr_t'])
export const bpf_map__initial_value = fromLibbpf('bpf_map__initial_value', 'uintptr_t', [
  'uintptr_t',
  'void *',
])
export const bpf_map__max_entries = fromLibbpf('bpf_map__max_entries', 'uint32_t', ['uintptr_t'])
export const bpf_map__set_max_entries = fromLibbpf('bpf_map__set_max_entries', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__key_size = fromLibbpf('bpf_map__key_size', 'uint32_t', ['uintptr_t'])
export const bpf_map__value_size = fromLibbpf('bpf_map__value_size', 'uint32_t', ['uintptr_t'])
export const bpf_map__set_value_size = fromLibbpf('bpf_map__set_value_size', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__autocreate = fromLibbpf<boolean>('bpf_map__autocreate', 'bool', ['uintptr_t'])
export const bpf_map__set_autocreate = fromLibbpf('bpf_map__set_autocreate', 'int', [
  'uintptr_t',
  'bool',
])
export const bpf_map__map_flags = fromLibbpf('bpf_map__map_flags', 'uint32_t', ['uintptr_t'])
export const bpf_map__set_map_flags = fromLibbpf('bpf_map__set_map_flags', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__numa_node = fromLibbpf('bpf_map__numa_node', 'uint32_t', ['uintptr_t'])
export const bpf_map__set_numa_node = fromLibbpf('bpf_map__set_numa_node', 'int', [
  'uintptr_t',
  'uint32_t',
])
export const bpf_map__pin_path = fromLibbpf<string | null>('bpf_map__pin_path', 'str', [
  'uintptr_t',
])
export const bpf_map__set_pin_path = fromLibbpf('bpf_map__set_pin_path', 'int', [
  'uintptr_t',
  'str',
])
export const bpf_map__pin = fromLibbpf('bpf_map__pin', 'int', ['uintptr_t', 'str'])
export const bpf_map__unpin = fromLibbpf('bpf_map__unpin', 'int', ['uintptr_t', 'str'])

export const bpf_program__fd = fromLibbpf('bpf_program__fd', 'int', ['uintptr_t'])
export const bpf_program__type = fromLibbpf('bpf_program__type', 'int', ['uintptr_t'])
export const bpf_program__section_name = fromLibbpf<string>('bpf_program__section_name', 'str', [
  'uintptr_t',
])
export const bpf_program__autoload = fromLibbpf<boolean>('bpf_program__autoload', 'bool', [
  'uintptr_t',
])
export const bpf_program__set_autoload = fromLibbpf('bpf_program__set_autoload', 'int', [
  'uintptr_t',
  'bool',
])
export const bpf_program__autoattach = fromLibbpf<boolean>('bpf_program__autoattach', 'bool', [
  'uintptr_t',
])
export const bpf_program__set_autoattach = fromLibbpf<void>('bpf_program__set_autoattach', 'void', [
  'uintptr_t',
  'bool',
])
export const bpf_program__set_log_buf = fromLibbpf('bpf_program__set_log_buf', 'int', [
  'uintptr_t',
  'uintptr_t',
  'size_t',
])
export const bpf_program__pin = fromLibbpf('bpf_program__pin', 'int', ['uintptr_t', 'str'])
export const bpf_program__unpin = fromLibbpf('bpf_program__unpin', 'int', ['uintptr_t', 'str'])

export const bpf_link__fd = fromLibbpf('bpf_link__fd', 'int', ['uintptr_t'])
export const bpf_link__destroy = fromLibbpf('bpf_link__destroy', 'int', ['uintptr_t'])
export const bpf_link__update_program = fromLibbpf('bpf_link__update_program', 'int', [
  'uintptr_t',
  'uintptr_t',
])
export const bpf_link__pin = fromLibbpf('bpf_link__pin', 'int', ['uintptr_t', 'str'])
export const bpf_link__unpin = fromLibbpf('bpf_link__unpin', 'int', ['uintptr_t'])

export const bpf_map__attach_struct_ops = fromLibbpf('bpf_map__attach_struct_ops', 'uintptr_t', [
  'uintptr_t',
])
export const bpf_map__autoattach = fromNewerLibbpf<boolean>('1.5', 'bpf_map__autoattach', 'bool', [
  'uintptr_t',
])

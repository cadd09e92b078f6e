import type { Call } from './library.ts'
import { fromLibbpf, fromNewerLibbpf } from './library.ts'

/** libbpf's functions on objects, programs, maps and links, by their C names. */
export const bpf_object__open_skeleton: Call<number> = fromLibbpf(
  'int bpf_object__open_skeleton(ptr, ptr)',
)
export const bpf_object__load_skeleton: Call<number> = fromLibbpf(
  'int bpf_object__load_skeleton(ptr)',
)
export const bpf_object__attach_skeleton: Call<number> = fromLibbpf(
  'int bpf_object__attach_skeleton(ptr)',
)
export const bpf_object__destroy_skeleton: Call<void> = fromLibbpf<void>(
  'void bpf_object__destroy_skeleton(ptr)',
)

export const bpf_map__fd: Call<number> = fromLibbpf('int bpf_map__fd(ptr)')
export const bpf_map__type: Call<number> = fromLibbpf('int bpf_map__type(ptr)')
export const bpf_map__initial_value: Call<number> = fromLibbpf(
  'ptr bpf_map__initial_value(ptr, memory)',
)
export const bpf_map__max_entries: Call<number> = fromLibbpf('u32 bpf_map__max_entries(ptr)')
export const bpf_map__set_max_entries: Call<number> = fromLibbpf(
  'int bpf_map__set_max_entries(ptr, u32)',
)
export const bpf_map__key_size: Call<number> = fromLibbpf('u32 bpf_map__key_size(ptr)')
export const bpf_map__value_size: Call<number> = fromLibbpf('u32 bpf_map__value_size(ptr)')
export const bpf_map__set_value_size: Call<number> = fromLibbpf(
  'int bpf_map__set_value_size(ptr, u32)',
)
export const bpf_map__set_key_size: Call<number> = fromLibbpf('int bpf_map__set_key_size(ptr, u32)')
export const bpf_map__set_type: Call<number> = fromLibbpf('int bpf_map__set_type(ptr, int)')
export const bpf_map__set_map_extra: Call<number> = fromLibbpf(
  'int bpf_map__set_map_extra(ptr, u64)',
)
export const bpf_map__ifindex: Call<number> = fromLibbpf('u32 bpf_map__ifindex(ptr)')
export const bpf_map__set_ifindex: Call<number> = fromLibbpf('int bpf_map__set_ifindex(ptr, u32)')
export const bpf_map__is_internal: Call<boolean> = fromLibbpf<boolean>(
  'bool bpf_map__is_internal(ptr)',
)
export const bpf_map__reuse_fd: Call<number> = fromLibbpf('int bpf_map__reuse_fd(ptr, int)')
export const bpf_map__inner_map: Call<number> = fromLibbpf('ptr bpf_map__inner_map(ptr)')
export const bpf_map__set_inner_map_fd: Call<number> = fromLibbpf(
  'int bpf_map__set_inner_map_fd(ptr, int)',
)
export const bpf_map__autocreate: Call<boolean> = fromLibbpf<boolean>(
  'bool bpf_map__autocreate(ptr)',
)
export const bpf_map__set_autocreate: Call<number> = fromLibbpf(
  'int bpf_map__set_autocreate(ptr, bool)',
)
export const bpf_map__map_flags: Call<number> = fromLibbpf('u32 bpf_map__map_flags(ptr)')
export const bpf_map__set_map_flags: Call<number> = fromLibbpf(
  'int bpf_map__set_map_flags(ptr, u32)',
)
export const bpf_map__map_extra: Call<number | bigint> = fromLibbpf<number | bigint>(
  'u64 bpf_map__map_extra(ptr)',
)
export const bpf_map__numa_node: Call<number> = fromLibbpf('u32 bpf_map__numa_node(ptr)')
export const bpf_map__set_numa_node: Call<number> = fromLibbpf(
  'int bpf_map__set_numa_node(ptr, u32)',
)
export const bpf_map__pin_path: Call<string | null> = fromLibbpf<string | null>(
  'str bpf_map__pin_path(ptr)',
)
export const bpf_map__set_pin_path: Call<number> = fromLibbpf(
  'int bpf_map__set_pin_path(ptr, str?)',
)
export const bpf_map__pin: Call<number> = fromLibbpf('int bpf_map__pin(ptr, str?)')
export const bpf_map__unpin: Call<number> = fromLibbpf('int bpf_map__unpin(ptr, str?)')

export const bpf_program__fd: Call<number> = fromLibbpf('int bpf_program__fd(ptr)')
export const bpf_program__type: Call<number> = fromLibbpf('int bpf_program__type(ptr)')
export const bpf_program__set_type: Call<number> = fromLibbpf('int bpf_program__set_type(ptr, int)')
export const bpf_program__expected_attach_type: Call<number> = fromLibbpf(
  'int bpf_program__expected_attach_type(ptr)',
)
export const bpf_program__set_expected_attach_type: Call<number> = fromLibbpf(
  'int bpf_program__set_expected_attach_type(ptr, int)',
)
export const bpf_program__flags: Call<number> = fromLibbpf('u32 bpf_program__flags(ptr)')
export const bpf_program__set_flags: Call<number> = fromLibbpf(
  'int bpf_program__set_flags(ptr, u32)',
)
export const bpf_program__log_level: Call<number> = fromLibbpf('u32 bpf_program__log_level(ptr)')
export const bpf_program__set_log_level: Call<number> = fromLibbpf(
  'int bpf_program__set_log_level(ptr, u32)',
)
export const bpf_program__log_buf: Call<number> = fromLibbpf(
  'ptr bpf_program__log_buf(ptr, memory)',
)
export const bpf_program__set_ifindex: Call<void> = fromLibbpf<void>(
  'void bpf_program__set_ifindex(ptr, u32)',
)
export const bpf_program__set_attach_target: Call<number> = fromLibbpf(
  'int bpf_program__set_attach_target(ptr, int, str)',
)
export const libbpf_bpf_prog_type_str: Call<string | null> = fromLibbpf<string | null>(
  'str libbpf_bpf_prog_type_str(int)',
)
export const libbpf_bpf_attach_type_str: Call<string | null> = fromLibbpf<string | null>(
  'str libbpf_bpf_attach_type_str(int)',
)
export const bpf_program__section_name: Call<string> = fromLibbpf<string>(
  'str bpf_program__section_name(ptr)',
)
export const bpf_program__autoload: Call<boolean> = fromLibbpf<boolean>(
  'bool bpf_program__autoload(ptr)',
)
export const bpf_program__set_autoload: Call<number> = fromLibbpf(
  'int bpf_program__set_autoload(ptr, bool)',
)
export const bpf_program__autoattach: Call<boolean> = fromLibbpf<boolean>(
  'bool bpf_program__autoattach(ptr)',
)
export const bpf_program__set_autoattach: Call<void> = fromLibbpf<void>(
  'void bpf_program__set_autoattach(ptr, bool)',
)
export const bpf_program__set_log_buf: Call<number> = fromLibbpf(
  'int bpf_program__set_log_buf(ptr, ptr, size)',
)
export const bpf_program__pin: Call<number> = fromLibbpf('int bpf_program__pin(ptr, str)')
export const bpf_program__unpin: Call<number> = fromLibbpf('int bpf_program__unpin(ptr, str)')

export const bpf_link__fd: Call<number> = fromLibbpf('int bpf_link__fd(ptr)')
export const bpf_link__destroy: Call<number> = fromLibbpf('int bpf_link__destroy(ptr)')
export const bpf_link__update_program: Call<number> = fromLibbpf(
  'int bpf_link__update_program(ptr, ptr)',
)
export const bpf_link__pin: Call<number> = fromLibbpf('int bpf_link__pin(ptr, str)')
export const bpf_link__unpin: Call<number> = fromLibbpf('int bpf_link__unpin(ptr)')

export const bpf_map__attach_struct_ops: Call<number> = fromLibbpf(
  'ptr bpf_map__attach_struct_ops(ptr)',
)
export const bpf_link__update_map: Call<number> = fromNewerLibbpf(
  '1.2',
  'int bpf_link__update_map(ptr, ptr)',
)

import { fromLibbpf, fromNewerLibbpf } from './libbpf.ts'
import type { Call, Prototype } from './library.ts'

/*
 * libbpf's functions on objects, programs, maps and links, by their C names. Prototypes of maps and programs leave out the
 * prefix of the name, since there are many.
 */

/*#__NO_SIDE_EFFECTS__*/
function ofMap<R = number>(prototype: Prototype): Call<R> {
  return fromLibbpf(named('bpf_map__', prototype))
}

/*#__NO_SIDE_EFFECTS__*/
function ofProgram<R = number>(prototype: Prototype): Call<R> {
  return fromLibbpf(named('bpf_program__', prototype))
}

function named(prefix: string, prototype: Prototype): Prototype {
  return prototype.replace(' ', ` ${prefix}`) as Prototype
}

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

export const bpf_map__fd: Call<number> = ofMap('int fd(ptr)')
export const bpf_map__type: Call<number> = ofMap('int type(ptr)')
export const bpf_map__initial_value: Call<number> = ofMap('ptr initial_value(ptr, memory)')
export const bpf_map__max_entries: Call<number> = ofMap('u32 max_entries(ptr)')
export const bpf_map__set_max_entries: Call<number> = ofMap('int set_max_entries(ptr, u32)')
export const bpf_map__key_size: Call<number> = ofMap('u32 key_size(ptr)')
export const bpf_map__value_size: Call<number> = ofMap('u32 value_size(ptr)')
export const bpf_map__set_value_size: Call<number> = ofMap('int set_value_size(ptr, u32)')
export const bpf_map__set_key_size: Call<number> = ofMap('int set_key_size(ptr, u32)')
export const bpf_map__set_type: Call<number> = ofMap('int set_type(ptr, int)')
export const bpf_map__set_map_extra: Call<number> = ofMap('int set_map_extra(ptr, u64)')
export const bpf_map__ifindex: Call<number> = ofMap('u32 ifindex(ptr)')
export const bpf_map__set_ifindex: Call<number> = ofMap('int set_ifindex(ptr, u32)')
export const bpf_map__is_internal: Call<boolean> = ofMap<boolean>('bool is_internal(ptr)')
export const bpf_map__reuse_fd: Call<number> = ofMap('int reuse_fd(ptr, int)')
export const bpf_map__inner_map: Call<number> = ofMap('ptr inner_map(ptr)')
export const bpf_map__set_inner_map_fd: Call<number> = ofMap('int set_inner_map_fd(ptr, int)')
export const bpf_map__autocreate: Call<boolean> = ofMap<boolean>('bool autocreate(ptr)')
export const bpf_map__set_autocreate: Call<number> = ofMap('int set_autocreate(ptr, bool)')
export const bpf_map__map_flags: Call<number> = ofMap('u32 map_flags(ptr)')
export const bpf_map__set_map_flags: Call<number> = ofMap('int set_map_flags(ptr, u32)')
export const bpf_map__map_extra: Call<number | bigint> = ofMap<number | bigint>(
  'u64 map_extra(ptr)',
)
export const bpf_map__numa_node: Call<number> = ofMap('u32 numa_node(ptr)')
export const bpf_map__set_numa_node: Call<number> = ofMap('int set_numa_node(ptr, u32)')
export const bpf_map__pin_path: Call<string | null> = ofMap<string | null>('str pin_path(ptr)')
export const bpf_map__set_pin_path: Call<number> = ofMap('int set_pin_path(ptr, str?)')
export const bpf_map__pin: Call<number> = ofMap('int pin(ptr, str?)')
export const bpf_map__unpin: Call<number> = ofMap('int unpin(ptr, str?)')

export const bpf_program__fd: Call<number> = ofProgram('int fd(ptr)')
export const bpf_program__type: Call<number> = ofProgram('int type(ptr)')
export const bpf_program__set_type: Call<number> = ofProgram('int set_type(ptr, int)')
export const bpf_program__expected_attach_type: Call<number> = ofProgram(
  'int expected_attach_type(ptr)',
)
export const bpf_program__set_expected_attach_type: Call<number> = ofProgram(
  'int set_expected_attach_type(ptr, int)',
)
export const bpf_program__flags: Call<number> = ofProgram('u32 flags(ptr)')
export const bpf_program__set_flags: Call<number> = ofProgram('int set_flags(ptr, u32)')
export const bpf_program__log_level: Call<number> = ofProgram('u32 log_level(ptr)')
export const bpf_program__set_log_level: Call<number> = ofProgram('int set_log_level(ptr, u32)')
export const bpf_program__log_buf: Call<number> = ofProgram('ptr log_buf(ptr, memory)')
export const bpf_program__set_ifindex: Call<void> = ofProgram<void>('void set_ifindex(ptr, u32)')
export const bpf_program__set_attach_target: Call<number> = ofProgram(
  'int set_attach_target(ptr, int, str)',
)
export const libbpf_bpf_prog_type_str: Call<string | null> = fromLibbpf<string | null>(
  'str libbpf_bpf_prog_type_str(int)',
)
export const libbpf_bpf_attach_type_str: Call<string | null> = fromLibbpf<string | null>(
  'str libbpf_bpf_attach_type_str(int)',
)
export const bpf_program__section_name: Call<string> = ofProgram<string>('str section_name(ptr)')
export const bpf_program__autoload: Call<boolean> = ofProgram<boolean>('bool autoload(ptr)')
export const bpf_program__set_autoload: Call<number> = ofProgram('int set_autoload(ptr, bool)')
export const bpf_program__autoattach: Call<boolean> = ofProgram<boolean>('bool autoattach(ptr)')
export const bpf_program__set_autoattach: Call<void> = ofProgram<void>(
  'void set_autoattach(ptr, bool)',
)
export const bpf_program__set_log_buf: Call<number> = ofProgram('int set_log_buf(ptr, ptr, size)')
export const bpf_program__pin: Call<number> = ofProgram('int pin(ptr, str)')
export const bpf_program__unpin: Call<number> = ofProgram('int unpin(ptr, str)')

export const bpf_link__fd: Call<number> = fromLibbpf('int bpf_link__fd(ptr)')
export const bpf_link__destroy: Call<number> = fromLibbpf('int bpf_link__destroy(ptr)')
export const bpf_link__update_program: Call<number> = fromLibbpf(
  'int bpf_link__update_program(ptr, ptr)',
)
export const bpf_link__pin: Call<number> = fromLibbpf('int bpf_link__pin(ptr, str)')
export const bpf_link__unpin: Call<number> = fromLibbpf('int bpf_link__unpin(ptr)')

export const bpf_map__attach_struct_ops: Call<number> = ofMap('ptr attach_struct_ops(ptr)')
export const bpf_link__update_map: Call<number> = fromNewerLibbpf(
  '1.2',
  'int bpf_link__update_map(ptr, ptr)',
)

import {
  bpf_map__key_size,
  bpf_map__map_extra,
  bpf_map__map_flags,
  bpf_map__max_entries,
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import type { MapDefinition } from './create.ts'
import { readMapInfo } from './info.ts'

/** Returns the definition by which libbpf will create a map. @param map `struct bpf_map *` */
export function definitionOfDeclared(map: number): MapDefinition {
  return {
    type: bpf_map__type(map),
    keySize: bpf_map__key_size(map),
    valueSize: bpf_map__value_size(map),
    maxEntries: bpf_map__max_entries(map),
    flags: bpf_map__map_flags(map),
    mapExtra: BigInt(bpf_map__map_extra(map)),
  }
}

/** Returns the definition of a map that exists. @throws {BpfError} */
export function definitionOfLoaded(fd: number, operation: string): MapDefinition {
  const { type, keySize, valueSize, maxEntries, flags, mapExtra } = readMapInfo(
    fd,
    operation,
    `descriptor ${fd}`,
  )
  return { type, keySize, valueSize, maxEntries, flags, mapExtra }
}

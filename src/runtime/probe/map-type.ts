import { BPF_F_MMAPABLE } from '../../uapi/map-flags.ts'
import type { MapType } from '../../uapi/map-type.ts'
import { mapTypes } from '../../uapi/map-type.ts'
import { BPF_MAP_CREATE, bpf } from '../ffi/bpf.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { EOPNOTSUPP } from '../host/errno.ts'
import { unsupported } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import type { NumberedTypes } from './numbered-types.ts'
import { hasType } from './numbered-types.ts'

export type MapTypeName = Exclude<MapType, 'unspec'>

const libbpfProbe = fromLibbpf('int libbpf_probe_bpf_map_type(int, ptr)')
const arena = /*#__PURE__*/ mapTypes.indexOf('arena')

const mapTypesOfKernel: NumberedTypes<MapType> = {
  noun: 'map type',
  prefix: 'BPF_MAP_TYPE_',
  names: mapTypes,
  probe(type, title) {
    // libbpf answers 1, 0, or minus the errno. It knows arenas since 1.4, so they are probed here.
    const result = type === arena ? probeArena() : libbpfProbe(type, 0)
    if (result === -EOPNOTSUPP) {
      throw unsupported(
        'probe',
        title,
        'the installed libbpf cannot probe it',
        'Install a newer libbpf',
      )
    }
    if (result !== 1) requireCertainty(title)
    return result === 1
  },
}

/**
 * Returns whether the kernel has a map type, by creating such a map.
 * @param type `ringbuf`, `BPF_MAP_TYPE_RINGBUF`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell; `ERR_BPF_UNSUPPORTED` when libbpf does not know it
 */
export function mapType(type: MapTypeName | `BPF_MAP_TYPE_${string}` | number): boolean {
  return hasType(mapTypesOfKernel, type as MapTypeName | number)
}

function probeArena(): number {
  // union bpf_attr: map_type, key_size, value_size, max_entries in pages, map_flags.
  const attr = scratch(20)
  for (const [index, value] of [arena, 0, 0, 1, BPF_F_MMAPABLE].entries()) {
    attr.data.setUint32(index * 4, value, true)
  }
  const fd = bpf(BPF_MAP_CREATE, attr)
  if (fd >= 0) close(fd)
  return fd >= 0 ? 1 : 0
}

import {
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_XSKMAP,
} from '../../uapi/map-type-number.ts'
import type { Capability } from '../host/capabilities.ts'

/** The map types that need CAP_NET_ADMIN to be created (kernel/bpf/syscall.c: map_create), by number. */
export const networkMapTypes: Readonly<Record<number, string>> = {
  [BPF_MAP_TYPE_DEVMAP]: 'devmap',
  [BPF_MAP_TYPE_SOCKMAP]: 'sockmap',
  [BPF_MAP_TYPE_XSKMAP]: 'xskmap',
  [BPF_MAP_TYPE_SOCKHASH]: 'sockhash',
  [BPF_MAP_TYPE_DEVMAP_HASH]: 'devmap_hash',
}

/** Returns the capabilities that creating a map takes. @param type BPF_MAP_TYPE_ number */
export function capabilitiesForMap(type: number): readonly Capability[] {
  return type in networkMapTypes ? ['CAP_BPF', 'CAP_NET_ADMIN'] : ['CAP_BPF']
}

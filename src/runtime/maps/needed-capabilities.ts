import type { Capability } from '../host/capabilities.ts'

/** linux/bpf.h: the types of maps that CAP_NET_ADMIN creates (kernel/bpf/syscall.c: map_create). */
export const networkMapTypes: Readonly<Record<number, string>> = {
  14: 'devmap',
  15: 'sockmap',
  17: 'xskmap',
  18: 'sockhash',
  25: 'devmap_hash',
}

/** What a process must have to create a map. @param type BPF_MAP_TYPE_ number */
export function capabilitiesForMap(type: number): readonly Capability[] {
  return type in networkMapTypes ? ['CAP_BPF', 'CAP_NET_ADMIN'] : ['CAP_BPF']
}

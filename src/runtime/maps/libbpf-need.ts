import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { unsupported } from '../host/error.ts'
import type { MapKind } from './map.ts'

/** Makes open() refuse a libbpf before 1.`minor`. @param what came with that version: `SEC(".struct_ops.link")` */
export function needsLibbpf(minor: number, what: string): Pick<MapKind, 'beforeOpen'> {
  return {
    beforeOpen(skeleton, map) {
      if (libbpfIsAtLeast(1, minor)) return
      throw unsupported(
        'open',
        skeleton,
        `its map ${map} needs ${what}, which the installed libbpf does not know`,
        `It came with libbpf 1.${minor}: install that or a newer version, or set BPF_LIBBPF to its path.`,
      )
    },
  }
}

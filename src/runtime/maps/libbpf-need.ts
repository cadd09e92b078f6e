import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { unsupported } from '../host/error.ts'
import type { MapKind } from './map.ts'

/** @param what came with libbpf 1.`minor`: `SEC(".struct_ops.link")` */
export function needsLibbpf(minor: number, what: string): Pick<MapKind, 'beforeOpen'> {
  return {
    beforeOpen(skeleton, map) {
      if (libbpfIsAtLeast(1, minor)) return
      throw unsupported(
        'open',
        skeleton,
        `map ${map} is of ${what}, which the installed libbpf does not know`,
        `It came with libbpf 1.${minor}: install that or a newer one, or name it in BPF_LIBBPF.`,
      )
    },
  }
}

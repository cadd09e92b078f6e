import { privilegeHint } from './capabilities.ts'
import { BpfError, unsupported } from './error.ts'
import { libbpfIsAtLeast } from './ffi/libbpf-version.ts'
import { tellingLines } from './load-failure.ts'
import type { SkeletonSpec } from './spec.ts'

/**
 * Refuses what an older libbpf would take for something else, or fail over without saying why.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED`
 */
export function requireLibbpf({ name, maps }: SkeletonSpec): void {
  for (const [map, { needs }] of maps) {
    if (!needs || libbpfIsAtLeast(1, needs.minor)) continue
    throw unsupported(
      'open',
      name,
      `map ${map} is of ${needs.what}, which the installed libbpf does not know`,
      `It came with libbpf 1.${needs.minor}: install that or a newer one, or name it in BPF_LIBBPF.`,
    )
  }
}

/** Why bpf_object__open_skeleton failed. */
export function openFailure(name: string, errno: number, log: string): BpfError {
  return new BpfError({
    operation: 'open',
    object: name,
    errno,
    // What comes before are notes on what was left out.
    reason: tellingLines(log).at(-1),
    log,
    hint: privilegeHint(errno),
  })
}

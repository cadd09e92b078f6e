import { execFileSync } from 'node:child_process'

import type { BpfMap } from '../../src/runtime/index.ts'

/** What bpftool says is in the map, formatted by BTF. */
export function dumped(map: BpfMap): unknown[] {
  return (bpftool('map', 'dump', 'id', String(map.id)) as { formatted: unknown }[]).map(
    ({ formatted }) => formatted,
  )
}

/** What bpftool says of the map. */
export function shown(map: BpfMap): Record<string, unknown> {
  return bpftool('map', 'show', 'id', String(map.id)) as Record<string, unknown>
}

function bpftool(...args: string[]): unknown {
  return JSON.parse(execFileSync('bpftool', ['-j', ...args], { encoding: 'utf8' }))
}

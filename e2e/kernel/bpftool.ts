import { execFileSync } from 'node:child_process'

import type { BpfMap } from '../../src/runtime/index.ts'

/** What bpftool says is in the map, formatted by BTF. */
export function dumped(map: BpfMap): unknown[] {
  return (bpftool('map', 'dump', 'id', String(map.id)) as { formatted: unknown }[]).map(
    ({ formatted }) => formatted,
  )
}

/** The same of maps whose BTF the kernel does not keep: the bytes of keys and values. Slots without a value are left out. */
export function dumpedBytes(map: BpfMap): [key: number[], value: number[]][] {
  const elements = bpftool('map', 'dump', 'id', String(map.id)) as Record<string, string[]>[]
  return elements.flatMap(({ key, value }) =>
    key && Array.isArray(value) ? [[key.map(Number), value.map(Number)]] : [],
  )
}

/** What bpftool says of the map. */
export function shown(map: BpfMap): Record<string, unknown> {
  return bpftool('map', 'show', 'id', String(map.id)) as Record<string, unknown>
}

function bpftool(...args: string[]): unknown {
  return JSON.parse(execFileSync('bpftool', ['-j', ...args], { encoding: 'utf8' }))
}

import type { Links } from '../links/link-slots.ts'
import { linkSlots } from '../links/link-slots.ts'
import type { LiveSection } from '../maps/live-section.ts'
import type { BpfMap } from '../maps/map.ts'
import type { Program } from '../programs/program.ts'
import type { MapState, ProgramState } from './instance-state.ts'

/** The instance's properties `maps`, `progs`, `links` and `struct_ops`. */
export interface Groups {
  readonly maps: Readonly<Record<string, BpfMap>>
  readonly progs: Readonly<Record<string, Program>>
  readonly links: Links<string>
  readonly struct_ops?: Readonly<Record<string, object>>
}

/** @param structOps views of struct_ops maps, by the map's name */
export function groupsOf(
  maps: readonly MapState[],
  programs: readonly ProgramState[],
  structOps: ReadonlyMap<string, LiveSection>,
): Groups {
  const views = Array.from(structOps, ([name, { view }]) => [name, view] as const)
  return {
    maps: group(maps.map(({ name, map }) => [name, map])),
    ...(views.length > 0 && { struct_ops: group(views) }),
    progs: group(programs.map(({ name, program }) => [name, program])),
    links: linkSlots([...programs.map(({ name }) => name), ...structOps.keys()]),
  }
}

/**
 * An object of own, enumerable, unchangeable properties in the given order and no prototype: C names like `__proto__`,
 * `constructor` and `then` cannot clash, and assigning to a wrong name is a TypeError.
 */
function group<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  const properties: Record<string, T> = Object.create(null) as Record<string, T>
  for (const [name, value] of entries)
    Object.defineProperty(properties, name, { enumerable: true, value })
  return Object.seal(properties)
}

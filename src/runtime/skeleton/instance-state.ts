import { captureLog } from '../ffi/libbpf-log.ts'
import { KeepAlive } from '../lifetime/keep-alive.ts'
import { Lifecycle } from '../lifetime/lifecycle.ts'
import { LinkOwner } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import { linkSlots } from '../links/links.ts'
import { MapHandle } from '../maps/handle.ts'
import type { LiveSection } from '../maps/live-section.ts'
import type { BpfMap, MapKind } from '../maps/map.ts'
import type { Program, ProgramKind } from '../programs/program.ts'
import { ProgramHandle } from '../programs/settings.ts'
import { group } from './group.ts'
import { ObjectSkeleton } from './object-skeleton.ts'
import { openFailure } from './open-failure.ts'
import type { OpenOptions } from './open-options.ts'
import { nativeOptions } from './open-options.ts'
import type { SkeletonSpec } from './spec.ts'

/** What an instance is made of. What can change does when another load takes the place of the first (hot/). */
export interface InstanceState {
  spec: SkeletonSpec
  readonly options: OpenOptions
  native: ObjectSkeleton
  readonly life: Lifecycle
  readonly keepAlive: KeepAlive
  readonly links: LinkOwner
  /** In the order of the spec, as are the programs. */
  maps: readonly MapState[]
  programs: readonly ProgramState[]
  groups: Groups
  /** Data sections of the object, by the instance's property. */
  sections: ReadonlyMap<string, LiveSection>
  /** What the instance shows: the sections that it was opened with. */
  readonly shown: ReadonlyMap<string, LiveSection>
  /** By the map's name. */
  readonly structOps: ReadonlyMap<string, LiveSection>
  /** attach() has been called, and no detach() since. */
  isAttached: boolean
}

export interface MapState {
  readonly name: string
  readonly kind: MapKind
  readonly handle: MapHandle
  readonly map: BpfMap
}

export interface ProgramState {
  readonly name: string
  readonly kind: ProgramKind
  readonly handle: ProgramHandle
  readonly program: Program
}

/** The instance's properties of these names. */
export interface Groups {
  readonly maps: Readonly<Record<string, BpfMap>>
  readonly progs: Readonly<Record<string, Program>>
  readonly links: Links<string>
  readonly struct_ops?: Readonly<Record<string, object>>
}

/** Opens the object. @throws {BpfError} */
export function openInstance(
  spec: SkeletonSpec,
  object: Uint8Array,
  options: OpenOptions,
): InstanceState {
  const opts = nativeOptions(options)
  for (const { name, kind } of spec.maps) kind.beforeOpen?.(spec.name, name)
  const native = new ObjectSkeleton(
    spec.name,
    object,
    spec.maps.map(({ name, kind }) => ({
      name: kind.section ?? name,
      isArena: kind.holds !== undefined,
    })),
    spec.programs.map(({ name }) => name),
  )
  const { result, log } = captureLog(() => native.open(opts))
  if (result < 0) {
    native.destroy()
    throw openFailure(spec.name, -result, log)
  }
  const life = new Lifecycle(spec.name)
  const keepAlive = new KeepAlive()
  const links = new LinkOwner(life, keepAlive)
  const maps = spec.maps.map(({ name, kind }, index): MapState => {
    const handle = new MapHandle(name, native.map(index), life, keepAlive)
    return { name, kind, handle, map: kind.create(handle, links) }
  })
  const programs = spec.programs.map(({ name, kind, newer }, index): ProgramState => {
    const pointer = native.program(index)
    const handle = new ProgramHandle(name, pointer, links)
    newer?.nameType(handle.pointer)
    return { name, kind, handle, program: new kind(handle) }
  })
  const structOps = structOpsOf(maps, programs)
  const sections = sectionsOf(spec, maps)
  return {
    spec,
    options: { ...options },
    native,
    life,
    keepAlive,
    links,
    maps,
    programs,
    groups: groupsOf(maps, programs, structOps),
    sections,
    shown: sections,
    structOps,
    isAttached: false,
  }
}

/** Of all maps, programs and struct_ops that there are. */
export function groupsOf(
  maps: readonly MapState[],
  programs: readonly ProgramState[],
  structOps: InstanceState['structOps'],
): Groups {
  const shown = Array.from(structOps, ([name, { view }]) => [name, view] as const)
  return {
    maps: group(maps.map(({ name, map }) => [name, map])),
    ...(shown.length > 0 && { struct_ops: group(shown) }),
    progs: group(programs.map(({ name, program }) => [name, program])),
    links: linkSlots([...programs.map(({ name }) => name), ...structOps.keys()]),
  }
}

function structOpsOf(
  maps: readonly MapState[],
  programs: readonly ProgramState[],
): Map<string, LiveSection> {
  const byPointer = new Map(programs.map(({ handle, program }) => [handle.pointer, program]))
  const shown = maps.flatMap(({ name, kind, handle }) =>
    kind.shadow ? [[name, kind.shadow(handle, byPointer)] as const] : [],
  )
  return new Map(shown)
}

function sectionsOf(spec: SkeletonSpec, maps: readonly MapState[]): Map<string, LiveSection> {
  const shown = spec.sections.flatMap(({ ident, section, layout }) => {
    const its = maps.find(({ kind }) => (kind.section ?? kind.holds) === section)
    const memory = its?.kind.variables?.(its.handle, layout)
    return memory ? [[ident, memory] as const] : []
  })
  return new Map(shown)
}

const states = /*#__PURE__*/ new WeakMap<object, InstanceState>()

/** Keeps them out of the reach of whoever holds the instance. */
export function keepState(instance: object, its: InstanceState): void {
  states.set(instance, its)
}

/** Undefined of what is no instance of a skeleton. */
export function stateOf(instance: object): InstanceState | undefined {
  return states.get(instance)
}

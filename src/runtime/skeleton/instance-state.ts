import type { KeepAlive } from '../lifetime/keep-alive.ts'
import type { Lifecycle } from '../lifetime/lifecycle.ts'
import type { LinkOwner } from '../links/link.ts'
import type { MapHandle } from '../maps/handle.ts'
import type { LiveSection } from '../maps/live-section.ts'
import type { BpfMap, MapKind } from '../maps/map.ts'
import type { Program, ProgramKind } from '../programs/program.ts'
import type { ProgramHandle } from '../programs/settings.ts'
import type { Groups } from './groups.ts'
import type { ObjectSkeleton } from './object-skeleton.ts'
import type { OpenOptions } from './open-options.ts'
import type { SkeletonSpec } from './spec.ts'

/** The private state of an instance. Hot replacement (hot/swap-instance.ts) changes the fields that are not readonly. */
export interface InstanceState {
  spec: SkeletonSpec
  readonly options: OpenOptions
  native: ObjectSkeleton
  readonly lifecycle: Lifecycle
  readonly keepAlive: KeepAlive
  readonly links: LinkOwner
  /** In the order of the spec, as are the programs. */
  maps: readonly MapState[]
  programs: readonly ProgramState[]
  groups: Groups
  /** Data sections of the object, by the instance's property. */
  sections: ReadonlyMap<string, LiveSection>
  /** The data sections that the instance was opened with, whose views are its properties. */
  readonly exposedSections: ReadonlyMap<string, LiveSection>
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

const states = /*#__PURE__*/ new WeakMap<object, InstanceState>()

/** Keeps the state where whoever holds the instance cannot reach it. */
export function setState(instance: object, state: InstanceState): void {
  states.set(instance, state)
}

/** Returns undefined when the object is no instance of a skeleton. */
export function stateOf(instance: object): InstanceState | undefined {
  return states.get(instance)
}

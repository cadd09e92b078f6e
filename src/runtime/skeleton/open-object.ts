import { captureLog } from '../ffi/libbpf-log.ts'
import { KeepAlive } from '../lifetime/keep-alive.ts'
import { Lifecycle } from '../lifetime/lifecycle.ts'
import { LinkOwner } from '../links/link.ts'
import { MapHandle } from '../maps/handle.ts'
import type { LiveSection } from '../maps/live-section.ts'
import { ProgramHandle } from '../programs/settings.ts'
import { groupsOf } from './groups.ts'
import type { InstanceState, MapState, ProgramState } from './instance-state.ts'
import { ObjectSkeleton } from './object-skeleton.ts'
import { openFailure } from './open-failure.ts'
import type { OpenOptions } from './open-options.ts'
import { nativeOptions } from './open-options.ts'
import type { SkeletonSpec } from './spec.ts'

/** Opens the ELF object with libbpf, and makes the JavaScript objects for what is in it. @throws {BpfError} */
export function openObject(
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
      isArena: kind.variablesSection !== undefined,
    })),
    spec.programs.map(({ name }) => name),
  )
  const { result, log } = captureLog(() => native.open(opts))
  if (result < 0) {
    native.destroy()
    throw openFailure(spec.name, -result, log)
  }
  const lifecycle = new Lifecycle(spec.name)
  const keepAlive = new KeepAlive()
  const links = new LinkOwner(lifecycle, keepAlive)
  const maps = spec.maps.map(({ name, kind }, index): MapState => {
    const handle = new MapHandle(name, native.map(index), lifecycle, keepAlive)
    return { name, kind, handle, map: kind.create(handle, links) }
  })
  const programs = spec.programs.map(({ name, kind, newer }, index): ProgramState => {
    const handle = new ProgramHandle(name, native.program(index), links)
    newer?.setProgramType(handle.pointer)
    return { name, kind, handle, program: new kind(handle) }
  })
  const structOps = structOpsOf(maps, programs)
  const sections = sectionsOf(spec, maps)
  return {
    spec,
    options: { ...options },
    native,
    lifecycle,
    keepAlive,
    links,
    maps,
    programs,
    groups: groupsOf(maps, programs, structOps),
    sections,
    exposedSections: sections,
    structOps,
    isAttached: false,
  }
}

function structOpsOf(
  maps: readonly MapState[],
  programs: readonly ProgramState[],
): Map<string, LiveSection> {
  const byPointer = new Map(programs.map(({ handle, program }) => [handle.pointer, program]))
  const sections = maps.flatMap(({ name, kind, handle }) =>
    kind.structOpsShadow ? [[name, kind.structOpsShadow(handle, byPointer)] as const] : [],
  )
  return new Map(sections)
}

function sectionsOf(spec: SkeletonSpec, maps: readonly MapState[]): Map<string, LiveSection> {
  const sections = spec.sections.flatMap(({ ident, section, layout }) => {
    const map = maps.find(({ kind }) => (kind.section ?? kind.variablesSection) === section)
    const variables = map?.kind.variables?.(map.handle, layout)
    return variables ? [[ident, variables] as const] : []
  })
  return new Map(sections)
}

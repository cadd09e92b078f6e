import { isDeepStrictEqual } from 'node:util'

import { MapHandle } from '../maps/handle.ts'
import type { LiveSection } from '../maps/live-section.ts'
import { Section } from '../maps/sections/section.ts'
import { ProgramHandle } from '../programs/settings.ts'
import type { InstanceState, MapState, ProgramState } from '../skeleton/instance-state.ts'
import { groupsOf } from '../skeleton/instance-state.ts'
import { movedMemory } from './moved-memory.ts'
import { recordAttachments } from './recorded.ts'

/**
 * Puts the insides of a loaded instance into the running one, whose own end: nothing of them may be attached any more.
 * The objects that JavaScript holds stay, and mean the new maps and programs; those that are new join the groups.
 */
export function swapInstance(running: InstanceState, next: InstanceState): void {
  const { native, maps, programs } = running
  running.native = next.native
  running.spec = next.spec
  running.maps = next.maps.map((part) => keptMap(maps, part) ?? addedMap(running, part))
  running.programs = next.programs.map(
    (part) => keptProgram(programs, part) ?? addedProgram(running, part),
  )
  recordAttachments({
    maps: running.maps.filter((part) => !maps.includes(part)),
    programs: running.programs.filter((part) => !programs.includes(part)),
  })
  for (const part of maps) if (!running.maps.includes(part)) part.handle.closed()
  for (const part of programs) if (!running.programs.includes(part)) part.handle.lent.close()
  for (const [ident, section] of running.shown) showMemory(section, next.sections.get(ident))
  for (const [ident, section] of running.sections) {
    if (section !== running.shown.get(ident)) section.closed()
  }
  running.sections = next.sections
  regroup(running)
  native.destroy()
}

function keptMap(maps: readonly MapState[], { name, handle }: MapState): MapState | undefined {
  const kept = maps.find((part) => part.name === name)
  if (kept) takeOver(kept.handle, handle)
  return kept
}

/** Another load's map takes the place of what was there: often the same one of the kernel. */
function takeOver(handle: MapHandle, { pointer, variables, liveFd }: MapHandle): void {
  handle.pointer = pointer
  handle.variables = variables
  handle.loaded(liveFd)
}

function addedMap({ life, keepAlive, links }: InstanceState, part: MapState): MapState {
  const { name, kind } = part
  const handle = new MapHandle(name, part.handle.pointer, life, keepAlive)
  takeOver(handle, part.handle)
  return { name, kind, handle, map: kind.create(handle, links) }
}

function keptProgram(
  programs: readonly ProgramState[],
  { name, handle: { pointer, log } }: ProgramState,
): ProgramState | undefined {
  const kept = programs.find((part) => part.name === name)
  if (kept) {
    // Else it would hold what was replaced.
    kept.handle.lent.close()
    Object.assign(kept.handle, { pointer, log })
  }
  return kept
}

function addedProgram(
  { links }: InstanceState,
  { name, kind, handle }: ProgramState,
): ProgramState {
  const { pointer, log, lent } = handle
  const own = new ProgramHandle(name, pointer, links, lent)
  own.log = log
  return { name, kind, handle: own, program: new kind(own) }
}

/** Shows from now on the memory of another load's section, whose it stays, in place of its own. */
function showMemory(section: LiveSection, next: LiveSection | undefined): void {
  if (!(section instanceof Section && next instanceof Section && next.own)) return
  const { layout, map } = section
  const { memory } = next.own
  if (isDeepStrictEqual(layout, next.layout)) section.point(memory, 0, map.info().valueSize)
  else section.point(movedMemory(memory, layout, next.layout), 0)
  section.own?.retire?.()
  section.own = undefined
}

/** Groups are sealed: those that get more are made anew. */
function regroup(running: InstanceState): void {
  const { groups, maps, programs, structOps } = running
  const all = groupsOf(maps, programs, structOps)
  const links = grown(groups.links, all.links)
  if (links !== groups.links) Object.assign(links, groups.links)
  running.groups = {
    ...groups,
    maps: grown(groups.maps, all.maps),
    progs: grown(groups.progs, all.progs),
    links,
  }
}

function grown<T extends object>(before: T, now: T): T {
  return isDeepStrictEqual(Object.keys(before), Object.keys(now)) ? before : now
}

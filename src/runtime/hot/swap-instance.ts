import { isDeepStrictEqual } from 'node:util'

import { MapHandle } from '../maps/handle.ts'
import type { LiveSection } from '../maps/live-section.ts'
import { Section } from '../maps/sections/section.ts'
import { ProgramHandle } from '../programs/settings.ts'
import { groupsOf } from '../skeleton/groups.ts'
import type { InstanceState, MapState, ProgramState } from '../skeleton/instance-state.ts'
import { recordAttachCalls } from './attach-calls.ts'
import { translatedDataView } from './translated-data-view.ts'

/**
 * Replaces the insides of the running instance by those of the edited one, once no running program is attached any more.
 * The objects that JavaScript holds stay, and stand for the new maps and programs; new ones are added to the groups.
 */
export function swapInstance(running: InstanceState, next: InstanceState): void {
  const { native, maps, programs } = running
  running.native = next.native
  running.spec = next.spec
  running.maps = next.maps.map((map) => updatedMap(maps, map) ?? addedMap(running, map))
  running.programs = next.programs.map(
    (program) => updatedProgram(programs, program) ?? addedProgram(running, program),
  )
  recordAttachCalls({
    maps: running.maps.filter((map) => !maps.includes(map)),
    programs: running.programs.filter((program) => !programs.includes(program)),
  })
  for (const map of maps) if (!running.maps.includes(map)) map.handle.closed()
  for (const program of programs) {
    if (!running.programs.includes(program)) program.handle.userDescriptor.close()
  }
  for (const [ident, section] of running.exposedSections) {
    showSection(section, next.sections.get(ident))
  }
  for (const [ident, section] of running.sections) {
    if (section !== running.exposedSections.get(ident)) section.closed()
  }
  running.sections = next.sections
  updateGroups(running)
  native.destroy()
}

function updatedMap(maps: readonly MapState[], { name, handle }: MapState): MapState | undefined {
  const map = maps.find((each) => each.name === name)
  if (map) updateHandle(map.handle, handle)
  return map
}

/** Points a handle to the edited object's map, which often is the same one in the kernel. */
function updateHandle(
  handle: MapHandle,
  { pointer, arenaVariables: variables, liveFd }: MapHandle,
): void {
  handle.pointer = pointer
  handle.arenaVariables = variables
  handle.loaded(liveFd)
}

function addedMap({ lifecycle, keepAlive, links }: InstanceState, edited: MapState): MapState {
  const { name, kind } = edited
  const handle = new MapHandle(name, edited.handle.pointer, lifecycle, keepAlive)
  updateHandle(handle, edited.handle)
  return { name, kind, handle, map: kind.create(handle, links) }
}

function updatedProgram(
  programs: readonly ProgramState[],
  { name, handle: { pointer, log } }: ProgramState,
): ProgramState | undefined {
  const program = programs.find((each) => each.name === name)
  if (program) {
    // Its duplicated descriptor would keep the replaced program loaded.
    program.handle.userDescriptor.close()
    Object.assign(program.handle, { pointer, log })
  }
  return program
}

function addedProgram({ links }: InstanceState, edited: ProgramState): ProgramState {
  const { name, kind } = edited
  const { pointer, log, userDescriptor } = edited.handle
  const handle = new ProgramHandle(name, pointer, links, userDescriptor)
  handle.log = log
  return { name, kind, handle, program: new kind(handle) }
}

/** Makes a section's views read and write the edited section's memory, which the edited section still owns. */
function showSection(section: LiveSection, edited: LiveSection | undefined): void {
  if (!(section instanceof Section && edited instanceof Section && edited.loadedMemory)) return
  const { layout, map } = section
  const { memory } = edited.loadedMemory
  if (isDeepStrictEqual(layout, edited.layout)) section.point(memory, 0, map.info().valueSize)
  else section.point(translatedDataView(memory, layout, edited.layout), 0)
  section.loadedMemory?.retire?.()
  section.loadedMemory = undefined
}

/** Groups are sealed objects, so a group that gets more names is made anew. */
function updateGroups(running: InstanceState): void {
  const { groups, maps, programs, structOps } = running
  const all = groupsOf(maps, programs, structOps)
  const links = withSameNames(groups.links, all.links)
  if (links !== groups.links) Object.assign(links, groups.links)
  running.groups = {
    ...groups,
    maps: withSameNames(groups.maps, all.maps),
    progs: withSameNames(groups.progs, all.progs),
    links,
  }
}

/** The old group where its names are the new one's; else the new one. */
function withSameNames<T extends object>(before: T, now: T): T {
  return isDeepStrictEqual(Object.keys(before), Object.keys(now)) ? before : now
}

import { captureLog } from '../ffi/libbpf-log.ts'
import type { NativeLink } from '../links/native.ts'
import { libbpfLink } from '../links/native.ts'
import type { Program } from '../programs/program.ts'
import type { InstanceState, MapState } from './instance-state.ts'

/** Attaches every program and struct_ops map that has no live link and whose section says where. @throws {BpfError} */
export function autoAttach(state: InstanceState): void {
  for (const { name } of state.programs) attachProgram(state, name)
  for (const map of state.maps) attachMap(state, map)
}

/** Attaches a program by its section. Does nothing if it has a live link, or the section names no target. */
export function attachProgram(state: InstanceState, name: string): void {
  const { programs, groups, spec } = state
  const index = programs.findIndex((program) => program.name === name)
  const program = programs[index]?.program
  if (!program || program.attached || isLive(groups.links[name])) return
  spec.programs[index]?.newer?.requireKnown(program)
  const native = linkBySection(state, program, index)
  if (native) groups.links[name] = program.adopt(native)
}

/** Program classes link what libbpf cannot link by its section; libbpf links all others. */
function linkBySection(
  { native }: InstanceState,
  program: Program,
  index: number,
): NativeLink | undefined {
  const link = program.autoload && program.autoattach ? program.linkBySection() : undefined
  if (link) return link
  const { result, log } = captureLog(() => native.attachProgram(index))
  if (result < 0) throw program.failure('attach', -result, log)
  return result > 0 ? libbpfLink(result) : undefined
}

/** Attaches a struct_ops map. Does nothing if it has a live link, or is another kind of map. */
export function attachMap({ groups }: InstanceState, { name, kind, map }: MapState): void {
  if (!kind.attach || isLive(groups.links[name])) return
  const link = kind.attach(map)
  if (link) groups.links[name] = link
}

const isLive = (link: { destroyed: boolean } | null | undefined): boolean =>
  link !== null && link !== undefined && !link.destroyed

import { captureLog } from '../ffi/libbpf-log.ts'
import type { NativeLink } from '../links/native.ts'
import { libbpfLink } from '../links/native.ts'
import type { Program } from '../programs/program.ts'
import type { InstanceState, MapState } from './instance-state.ts'

/** Attaches every program whose section says where, and every struct_ops map, but what has a link. @throws {BpfError} */
export function autoAttach(parts: InstanceState): void {
  for (const { name } of parts.programs) attachProgram(parts, name)
  for (const part of parts.maps) attachMap(parts, part)
}

/** Nothing where it has a link, or no automatic attachment. */
export function attachProgram(parts: InstanceState, name: string): void {
  const { programs, groups, spec } = parts
  const index = programs.findIndex((program) => program.name === name)
  const program = programs[index]?.program
  if (!program || program.attached || isLive(groups.links[name])) return
  spec.programs[index]?.newer?.requireKnown(program)
  const native = linkBySection(parts, program, index)
  if (native) groups.links[name] = program.adopt(native)
}

function linkBySection(
  { native }: InstanceState,
  program: Program,
  index: number,
): NativeLink | undefined {
  const own = program.autoload && program.autoattach ? program.linkBySection() : undefined
  if (own) return own
  const { result, log } = captureLog(() => native.attachProgram(index))
  if (result < 0) throw program.failure('attach', -result, log)
  return result > 0 ? libbpfLink(result) : undefined
}

/** The same of what is no program. */
export function attachMap({ groups }: InstanceState, { name, kind, map }: MapState): void {
  if (!kind.attach || isLive(groups.links[name])) return
  const link = kind.attach(map)
  if (link) groups.links[name] = link
}

const isLive = (link: { destroyed: boolean } | null | undefined): boolean =>
  link !== null && link !== undefined && !link.destroyed

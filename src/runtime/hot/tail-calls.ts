import { ProgArray } from '../maps/prog-array.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

/** Where a program of an instance is in one of its own program arrays. */
export interface TailCall {
  readonly map: string
  readonly index: number
  readonly program: string
}

/** libbpf and the agent put them there; a map that another instance takes over has those of the first. */
export function tailCalls({ maps, programs }: InstanceState): TailCall[] {
  const arrays = maps.filter((part) => part.map instanceof ProgArray && part.handle.liveFd >= 0)
  if (arrays.length === 0) return []
  const names = new Map(
    programs.flatMap(({ name, program }) =>
      program.autoload ? [[program.id, name] as const] : [],
    ),
  )
  return arrays.flatMap(({ name: map, map: array }) =>
    [...(array as ProgArray).entries()].flatMap(([index, id]) => {
      const program = names.get(id)
      return program === undefined ? [] : [{ map, index, program }]
    }),
  )
}

/** Has them call an instance's programs of the same names, where they do not. @throws {BpfError} */
export function pointTailCalls(calls: readonly TailCall[], { groups, life }: InstanceState): void {
  if (life.stage !== 'loaded') return
  for (const { map, index, program } of calls) {
    const [array, successor] = [groups.maps[map], groups.progs[program]]
    if (!(array instanceof ProgArray) || !successor) continue
    if (array.get(index) !== successor.id) array.set(index, successor)
  }
}

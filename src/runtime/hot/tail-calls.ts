import { ProgArray } from '../maps/prog-array.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

/** An entry of a program array: a program of the instance, in one of the instance's own arrays. */
export interface TailCall {
  readonly map: string
  readonly index: number
  readonly program: string
}

/**
 * Lists an instance's tail calls, which libbpf or the agent set. An array that another instance reuses still calls the
 * programs of the first.
 */
export function tailCallsOf({ maps, programs }: InstanceState): TailCall[] {
  const arrays = maps.filter(({ map, handle }) => map instanceof ProgArray && handle.liveFd >= 0)
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

/** Makes tail calls call an instance's programs of the same names, where they do not yet. @throws {BpfError} */
export function updateTailCalls(
  tailCalls: readonly TailCall[],
  { groups, lifecycle }: InstanceState,
): void {
  if (lifecycle.stage !== 'loaded') return
  for (const { map, index, program } of tailCalls) {
    const [array, callee] = [groups.maps[map], groups.progs[program]]
    if (!(array instanceof ProgArray) || !callee) continue
    if (array.get(index) !== callee.id) array.set(index, callee)
  }
}

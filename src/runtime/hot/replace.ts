import { openInstances } from '../lifetime/open-instances.ts'
import type { EmbeddedObject } from '../skeleton/embedded-object.ts'
import { embeddedObjectOf } from '../skeleton/embedded-object.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import type { IsSame, EditedInstance } from './edited-instance.ts'
import { loadEdited } from './edited-instance.ts'

export interface Replaced {
  /** How many instances were open. */
  readonly instances: number
  /**
   * How often a program ran beside its successor: what both did for one event. Undefined where the kernel does not
   * count.
   */
  readonly seenByBoth: bigint | undefined
}

/**
 * Puts an edited program in the place of the one that runs: in every instance of a skeleton that is open, and in those
 * that it will open. They keep their maps, the values of their variables, what JavaScript wrote into constants, its
 * settings and attachments; and what JavaScript holds of them goes on to work.
 * @param skeleton whose module the agent imported
 * @param edited the skeleton of the edited module, which must have every name of the other, of the same type
 * @throws {Incompatible} when what the agent has made of an instance cannot be kept
 * @throws {BpfError} what loading and attaching the edited object throws; then all is as it was
 */
export async function replaceSkeleton(
  skeleton: object,
  edited: object,
  isSame: IsSame,
): Promise<Replaced> {
  const [current, next] = [embeddedObjectOf(skeleton), embeddedObjectOf(edited)]
  if (!current || !next) throw new TypeError('replaceSkeleton() takes two skeletons')
  const loaded = new Map<InstanceState, EditedInstance>()
  try {
    // The agent may open more meanwhile.
    for (;;) {
      const parts = instancesOf(current).find((parts) => !loaded.has(parts))
      if (!parts) break
      loaded.set(parts, await loadEdited(parts, current, next, isSame))
    }
    // Or destroy some.
    for (const [parts, successor] of loaded) {
      if (successor.isWanted) continue
      successor.destroy()
      loaded.delete(parts)
    }
    for (const successor of loaded.values()) successor.attach()
  } catch (error) {
    for (const successor of loaded.values()) successor.destroy()
    throw error
  }
  const counts = Array.from(loaded.values(), (successor) => successor.succeed())
  current.become(next)
  const twice = counts.every((count) => count !== undefined)
    ? counts.reduce((sum, count) => sum + count, 0n)
    : undefined
  return { instances: counts.length, seenByBoth: twice }
}

function instancesOf({ spec }: EmbeddedObject): InstanceState[] {
  return openInstances().flatMap((instance) => {
    const parts = stateOf(instance)
    return parts?.spec === spec ? [parts] : []
  })
}

import { everyInstance } from '../lifetime/open-instances.ts'
import type { Embedded } from '../skeleton/embedded-object.ts'
import { embeddedOf } from '../skeleton/embedded-object.ts'
import type { InstanceParts } from '../skeleton/instance-state.ts'
import { partsOf } from '../skeleton/instance-state.ts'
import type { IsSame, Successor } from './successor.ts'
import { loadSuccessor } from './successor.ts'

export interface Replaced {
  /** How many instances were open. */
  readonly instances: number
  /**
   * How often a program ran beside its successor: what both did for one event. Undefined where the kernel does not
   * count.
   */
  readonly twice: bigint | undefined
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
  const [current, next] = [embeddedOf(skeleton), embeddedOf(edited)]
  if (!current || !next) throw new TypeError('replaceSkeleton() takes two skeletons')
  const loaded = new Map<InstanceParts, Successor>()
  try {
    // The agent may open more meanwhile.
    for (;;) {
      const parts = instancesOf(current).find((parts) => !loaded.has(parts))
      if (!parts) break
      loaded.set(parts, await loadSuccessor(parts, current, next, isSame))
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
  return { instances: counts.length, twice }
}

function instancesOf({ spec }: Embedded): InstanceParts[] {
  return everyInstance().flatMap((instance) => {
    const parts = partsOf(instance)
    return parts?.spec === spec ? [parts] : []
  })
}

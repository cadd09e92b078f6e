import { embeddedOf } from '../embedded.ts'
import { everyInstance } from '../instances.ts'
import { partsOf } from '../parts.ts'
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
  const loaded: Successor[] = []
  try {
    for (const instance of everyInstance()) {
      const parts = partsOf(instance)
      if (parts?.spec === current.spec)
        loaded.push(await loadSuccessor(parts, current, next, isSame))
    }
    // The agent may have destroyed some meanwhile.
    const unwanted = loaded.filter(({ isWanted }) => !isWanted)
    for (const successor of unwanted) successor.destroy()
    const successors = loaded.filter((successor) => !unwanted.includes(successor))
    for (const successor of successors) successor.attach()
    // From here on nothing can fail.
    const counts = successors.map((successor) => successor.succeed())
    current.become(next)
    const twice = counts.every((count) => count !== undefined)
      ? counts.reduce((sum, count) => sum + count, 0n)
      : undefined
    return { instances: successors.length, twice }
  } catch (error) {
    for (const successor of loaded) successor.destroy()
    throw error
  }
}

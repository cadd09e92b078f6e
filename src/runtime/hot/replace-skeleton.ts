import { openInstances } from '../lifetime/open-instances.ts'
import type { EmbeddedObject } from '../skeleton/embedded-object.ts'
import { embeddedObjectOf } from '../skeleton/embedded-object.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import type { EditedInstance, HasSameLayout } from './edited-instance.ts'
import { loadEdited } from './edited-instance.ts'

export interface Replacement {
  /** How many instances were open. */
  readonly instances: number
  /** Runs of old programs while the new ones were attached beside them: events that both counted. Undefined where the
   * kernel keeps no run statistics. */
  readonly doubleCounted: bigint | undefined
}

/**
 * Replaces the running program by an edited one, in every open instance of a skeleton and in those that it will open.
 * Instances keep their maps, the values of their variables, what JavaScript wrote into constants, its settings and
 * attachments; the objects that JavaScript holds go on to work.
 * @param skeleton whose module the agent imported
 * @param edited the skeleton of the edited module, which must have every name of the other, of the same type
 * @throws {Incompatible} when what the agent has made of an instance cannot be kept
 * @throws {BpfError} when the edited object cannot be loaded or attached; nothing has changed then
 */
export async function replaceSkeleton(
  skeleton: object,
  edited: object,
  hasSameLayout: HasSameLayout,
): Promise<Replacement> {
  const [current, next] = [embeddedObjectOf(skeleton), embeddedObjectOf(edited)]
  if (!current || !next) throw new TypeError('replaceSkeleton() takes two skeletons')
  const loaded = new Map<InstanceState, EditedInstance>()
  try {
    // The agent may open more instances while one loads.
    for (;;) {
      const running = statesOf(current).find((state) => !loaded.has(state))
      if (!running) break
      loaded.set(running, await loadEdited(running, current, next, hasSameLayout))
    }
    // It may destroy some as well.
    for (const [running, instance] of loaded) {
      if (instance.isNeeded) continue
      instance.destroy()
      loaded.delete(running)
    }
    for (const instance of loaded.values()) instance.attach()
  } catch (error) {
    for (const instance of loaded.values()) instance.destroy()
    throw error
  }
  const counts = Array.from(loaded.values(), (instance) => instance.takeOver())
  current.replaceWith(next)
  const doubleCounted = counts.every((count) => count !== undefined)
    ? counts.reduce((sum, count) => sum + count, 0n)
    : undefined
  return { instances: counts.length, doubleCounted }
}

/** The open instances of an object. */
function statesOf({ spec }: EmbeddedObject): InstanceState[] {
  return openInstances().flatMap((instance) => {
    const state = stateOf(instance)
    return state?.spec === spec ? [state] : []
  })
}

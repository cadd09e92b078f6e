import { BpfError } from '../host/error.ts'
import { removeInstance } from '../lifetime/open-instances.ts'
import type { BpfMap } from '../maps/map.ts'
import { initialImage } from '../maps/sections/section.ts'
import type { EmbeddedObject } from '../skeleton/embedded-object.ts'
import type { InstanceState, MapState } from '../skeleton/instance-state.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import { Instance } from '../skeleton/instance.ts'
import { copySettings } from './copy-settings.ts'
import { copyConstants, isReadOnly, variablesCopier } from './copy-variables.ts'
import { Incompatible } from './incompatible.ts'
import { swapInstance } from './swap-instance.ts'
import { LinkSwap } from './swap-links.ts'
import { tailCallsOf, updateTailCalls } from './tail-calls.ts'

/** Tells whether all variables of a data section (its ELF name) have the same types and offsets before and after the edit. */
export type HasSameLayout = (section: string) => boolean

/** The edited object, loaded beside the running instance whose programs it is to replace. */
export interface EditedInstance {
  /** False once the agent has destroyed the running instance. */
  readonly isNeeded: boolean
  /** Attaches the edited programs where the running ones are. @throws {BpfError} when one fails; nothing has changed then */
  attach(): void
  /**
   * Replaces the insides of the running instance by the edited ones.
   * @returns how many events both the old and the new program counted; undefined where the kernel keeps no statistics
   */
  takeOver(): bigint | undefined
  /** Leaves the running instance as it is. Not to be called after takeOver(). */
  destroy(): void
}

/**
 * Opens the edited object, gives it the running instance's maps, settings and constants, and loads it off the event loop.
 * @throws {Incompatible | BpfError} when that fails; nothing has changed then
 */
export async function loadEdited(
  running: InstanceState,
  current: EmbeddedObject,
  edited: EmbeddedObject,
  hasSameLayout: HasSameLayout,
): Promise<EditedInstance> {
  const { lifecycle } = running
  if (lifecycle.stage !== 'loaded') throw new Incompatible(`${lifecycle.name} is not loaded`)
  const tailCalls = tailCallsOf(running)
  const { instance, state: next } = openUnlisted(edited, running)
  let copyVariables: () => void
  try {
    copyVariables = copyState(running, next, current, hasSameLayout)
    await instance.loadAsync()
  } catch (error) {
    instance.destroy()
    updateTailCalls(tailCalls, running)
    throw error
  }
  let swap: LinkSwap | undefined
  return {
    get isNeeded() {
      return lifecycle.stage === 'loaded'
    },
    attach() {
      copyVariables()
      updateTailCalls(tailCallsOf(running), next)
      swap = new LinkSwap(running, next)
    },
    takeOver() {
      const { doubleCounted, added } = swap?.commit() ?? { added: [] }
      swapInstance(running, next)
      for (const [name, native] of added) {
        const program = running.groups.progs[name]
        running.groups.links[name] = program?.adopt(native)
      }
      return doubleCounted
    },
    destroy() {
      swap?.undo()
      instance.destroy()
      updateTailCalls(tailCalls, running)
    },
  }
}

interface Unlisted {
  readonly instance: Instance
  readonly state: InstanceState
}

/** Opens an instance that is not in the list of the agent's open instances. */
function openUnlisted({ spec, bytes }: EmbeddedObject, { options }: InstanceState): Unlisted {
  const instance = new Instance(spec, bytes, options)
  removeInstance(instance)
  const state = stateOf(instance)
  if (!state) throw new TypeError('an opened instance has no state')
  return { instance, state }
}

/** Makes the edited instance go on where the running one is. @returns copies variables, right before programs are attached */
function copyState(
  running: InstanceState,
  next: InstanceState,
  current: EmbeddedObject,
  hasSameLayout: HasSameLayout,
): () => void {
  const pristine = openUnlisted(current, running)
  try {
    copySettings(running, pristine.state, next)
    const reused = next.maps.filter((map) => {
      const [runningMap, pristineMap] = [running, pristine.state].map(({ maps }) =>
        maps.find(({ name }) => name === map.name),
      )
      return runningMap && pristineMap && isReused(runningMap, pristineMap, map, hasSameLayout)
    })
    for (const { name, map } of reused) map.reuse(running.groups.maps[name] as BpfMap)
    copyConstants(running, pristine.state, next)
    const sections = new Set(reused.map(({ kind }) => kind.section))
    return variablesCopier(running, pristine.state, next, sections)
  } catch (error) {
    // What is refused here, such as a map of another size, comes from what the agent did to the running instance.
    throw error instanceof BpfError || error instanceof TypeError || error instanceof RangeError
      ? new Incompatible(error.message, { cause: error })
      : error
  } finally {
    pristine.instance.destroy()
  }
}

/** Whether the edited program goes on with a map of the running one. */
function isReused(
  running: MapState,
  pristine: MapState,
  next: MapState,
  hasSameLayout: HasSameLayout,
): boolean {
  const { kind, map } = next
  if (running.handle.liveFd < 0 || !map.autocreate || kind.structOpsShadow) return false
  // libbpf reuses a pinned map by itself.
  if (kind.section === undefined) return map.pinPath === null
  if (isReadOnly(running.map)) return false
  if (hasSameLayout(kind.section))
    return startsWith(initialImage(next.handle), initialImage(pristine.handle))
  if (running.map.valueSize === pristine.map.valueSize) return false
  throw new Incompatible(
    `the agent has resized ${kind.section}, and the edit changed the variables in it`,
  )
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, start.length), start) === 0
}

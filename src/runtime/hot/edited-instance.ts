import { BpfError } from '../host/error.ts'
import { removeInstance } from '../lifetime/open-instances.ts'
import type { BpfMap } from '../maps/map.ts'
import { initialImage } from '../maps/sections/section.ts'
import type { EmbeddedObject } from '../skeleton/embedded-object.ts'
import type { InstanceState, MapState } from '../skeleton/instance-state.ts'
import { stateOf } from '../skeleton/instance-state.ts'
import { Instance } from '../skeleton/instance.ts'
import { Incompatible } from './incompatible.ts'
import { Reattachment } from './reattachment.ts'
import { carrySettings } from './settings.ts'
import { swapInstance } from './swap-instance.ts'
import { pointTailCalls, tailCalls } from './tail-calls.ts'
import { carriedVariables, carryConstants, isReadOnly } from './variables.ts'

/** Whether all variables of a data section, by its name in the ELF, are of the same types at the same offsets. */
export type IsSame = (section: string) => boolean

/** An edited object that is loaded beside the instance whose programs it is to replace. */
export interface EditedInstance {
  /** Whether the agent still has the running instance. */
  readonly isWanted: boolean
  /** Attaches its programs where those of the running instance are. @throws {BpfError} then all is as it was */
  attach(): void
  /** The running instance becomes this. @returns how often a program ran beside its successor, if the kernel counts */
  succeed(): bigint | undefined
  /** Leaves the running instance as it is. Not after succeed(): what is in here is the running instance's then. */
  destroy(): void
}

/**
 * Opens the edited object, gives it what the running instance has, and loads it off the event loop.
 * @throws {Incompatible | BpfError} then all is as it was
 */
export async function loadEdited(
  running: InstanceState,
  current: EmbeddedObject,
  edited: EmbeddedObject,
  isSame: IsSame,
): Promise<EditedInstance> {
  if (running.life.stage !== 'loaded') throw new Incompatible(`${running.life.name} is not loaded`)
  const calls = tailCalls(running)
  const { instance, parts: next } = openAside(edited, running)
  let carryVariables: () => void
  try {
    carryVariables = prepare(running, next, current, isSame)
    await instance.loadAsync()
  } catch (error) {
    instance.destroy()
    pointTailCalls(calls, running)
    throw error
  }
  let reattachment: Reattachment | undefined
  return {
    get isWanted() {
      return running.life.stage === 'loaded'
    },
    attach() {
      carryVariables()
      pointTailCalls(tailCalls(running), next)
      reattachment = new Reattachment(running, next)
    },
    succeed() {
      const { twice, added } = reattachment?.commit() ?? { added: [] }
      swapInstance(running, next)
      for (const [name, native] of added) {
        const program = running.groups.progs[name]
        running.groups.links[name] = program?.adopt(native)
      }
      return twice
    },
    destroy() {
      reattachment?.undo()
      instance.destroy()
      pointTailCalls(calls, running)
    },
  }
}

interface Aside {
  readonly instance: Instance
  readonly parts: InstanceState
}

/** No instance of the agent's: nobody is told of it. */
function openAside({ spec, bytes }: EmbeddedObject, { options }: InstanceState): Aside {
  const instance = new Instance(spec, bytes, options)
  removeInstance(instance)
  const parts = stateOf(instance)
  if (!parts) throw new TypeError('an instance has parts')
  return { instance, parts }
}

/** @returns what is to be done right before its programs are attached */
function prepare(
  running: InstanceState,
  next: InstanceState,
  current: EmbeddedObject,
  isSame: IsSame,
): () => void {
  const pristine = openAside(current, running)
  try {
    carrySettings(running, pristine.parts, next)
    const shared = next.maps.filter((part) => {
      const [its, was] = [running, pristine.parts].map(({ maps }) =>
        maps.find(({ name }) => name === part.name),
      )
      return its && was && isShared(its, was, part, isSame)
    })
    for (const { name, map } of shared) map.reuse(running.groups.maps[name] as BpfMap)
    carryConstants(running, pristine.parts, next)
    const sections = new Set(shared.map(({ kind }) => kind.section))
    return carriedVariables(running, pristine.parts, next, sections)
  } catch (error) {
    // What it refuses, such as a map of another size, is a matter of what the agent has made of the running one.
    throw error instanceof BpfError || error instanceof TypeError || error instanceof RangeError
      ? new Incompatible(error.message, { cause: error })
      : error
  } finally {
    pristine.instance.destroy()
  }
}

/** Whether the edited program goes on with a map of the running one. */
function isShared(running: MapState, pristine: MapState, next: MapState, isSame: IsSame): boolean {
  const { kind, map } = next
  if (running.handle.liveFd < 0 || !map.autocreate || kind.shadow) return false
  // libbpf takes a pinned one by itself.
  if (kind.section === undefined) return map.pinPath === null
  if (isReadOnly(running.map)) return false
  if (isSame(kind.section))
    return startsWith(initialImage(next.handle), initialImage(pristine.handle))
  if (running.map.valueSize === pristine.map.valueSize) return false
  throw new Incompatible(`the agent has resized ${kind.section}, and other variables are in it now`)
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, start.length), start) === 0
}

import type { Link } from '../links/link.ts'
import type { StructOpsMap } from '../maps/struct-ops.ts'
import type { Program } from '../programs/program.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

/** A program or map with attach functions. */
export type Attachable = Program | StructOpsMap

/** A call of an attach function by the agent, which made a link. */
export interface AttachCall {
  /** The name of the program or map. */
  readonly name: string
  /** Makes the call on the edited program or map, with the same arguments. */
  repeat(edited: Attachable): Link
}

type Attach = (this: Attachable, ...args: unknown[]) => Link

const attachCalls = new WeakMap<Link, AttachCall>()

/** Returns the call that made a link; undefined when the skeleton's attach() made it. */
export function attachCallOf(link: Link): AttachCall | undefined {
  return attachCalls.get(link)
}

/** Records, from now on, what the agent attaches by hand. */
export function recordAttachCalls({
  maps,
  programs,
}: Pick<InstanceState, 'maps' | 'programs'>): void {
  for (const { name, program } of programs) record(name, program)
  for (const { name, map } of maps) if ('attachStructOps' in map) record(name, map as StructOpsMap)
}

function record(name: string, attachable: Attachable): void {
  for (const [method, attach] of attachFunctions(attachable)) {
    const value = (...args: unknown[]): Link => {
      const link = attach.apply(attachable, args)
      attachCalls.set(link, { name, repeat: (edited) => attach.apply(edited, args) })
      return link
    }
    Object.defineProperty(attachable, method, { configurable: true, value })
  }
}

/** Lists `attach`, `attachXdp` and the like (not `attached`) by name, the class's own before those it inherits. */
function attachFunctions(attachable: Attachable): Map<string, Attach> {
  const functions = new Map<string, Attach>()
  for (
    let prototype: object = Object.getPrototypeOf(attachable) as object;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (!name.startsWith('attach') || typeof value !== 'function' || functions.has(name)) continue
      functions.set(name, value as Attach)
    }
  }
  return functions
}

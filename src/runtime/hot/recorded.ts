import type { Link } from '../links/link.ts'
import type { StructOpsMap } from '../maps/struct-ops.ts'
import type { Program } from '../programs/program.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

/** What has attach functions. */
export type Attachable = Program | StructOpsMap

/** A call of the agent's that made a link, to be made again. */
export interface Recorded {
  /** Of the program or map. */
  readonly name: string
  again(successor: Attachable): Link
}

type Attach = (this: Attachable, ...args: unknown[]) => Link

const calls = new WeakMap<Link, Recorded>()

/** Undefined of a link that attach() of the skeleton made. */
export function recordedOf(link: Link): Recorded | undefined {
  return calls.get(link)
}

/** Remembers from now on what the agent attaches by hand. */
export function recordAttachments({
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
      calls.set(link, { name, again: (successor) => attach.apply(successor, args) })
      return link
    }
    Object.defineProperty(attachable, method, { configurable: true, value })
  }
}

/** `attach` and `attachXdp`, but not `attached`: by name, the class's own before those it inherits. */
function attachFunctions(attachable: Attachable): Map<string, Attach> {
  const found = new Map<string, Attach>()
  for (
    let prototype: object = Object.getPrototypeOf(attachable) as object;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (!name.startsWith('attach') || typeof value !== 'function' || found.has(name)) continue
      found.set(name, value as Attach)
    }
  }
  return found
}

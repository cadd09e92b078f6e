import { BpfError } from '../host/error.ts'
import type { Link } from '../links/link.ts'
import { attachMap, attachProgram } from '../skeleton/auto-attach.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import type { Attachable } from './attach-calls.ts'
import { attachCallOf } from './attach-calls.ts'
import { Incompatible } from './incompatible.ts'

/** A live link of an instance, and how it was made. */
export interface Attachment {
  readonly link: Link
  /** The name of the program or struct_ops map that the link attaches. */
  readonly name: string
  /** The skeleton's `attach()` made the link, from the program's section; false when the agent attached by hand. */
  readonly isAutomatic: boolean
  /** Attaches the program of this name of another instance in the same way; undefined where its section names no target. */
  repeat(state: InstanceState): Link | undefined
}

/** Lists the live links of an instance, oldest first. @throws {Incompatible} when it is not known what made one */
export function attachmentsOf(state: InstanceState): Attachment[] {
  return Array.from(state.links.liveLinks, (link) => {
    const call = attachCallOf(link)
    if (!call) return automaticAttachment(state, link)
    const { name } = call
    return {
      link,
      name,
      isAutomatic: false,
      repeat: (other) => call.repeat(findAttachable(other, name)),
    }
  })
}

/** A link that the skeleton's attach() made: it is in a slot of `links`. */
function automaticAttachment({ groups }: InstanceState, link: Link): Attachment {
  const name = Object.keys(groups.links).find((slot) => groups.links[slot] === link)
  if (name === undefined) {
    throw new Incompatible('a link is neither in its slot of links nor made by an attach function')
  }
  return {
    link,
    name,
    isAutomatic: true,
    repeat(state) {
      const map = state.maps.find((each) => each.name === name)
      if (state.groups.progs[name]) attachProgram(state, name)
      else if (map) attachMap(state, map)
      return state.groups.links[name] ?? undefined
    },
  }
}

/** The program or map of this name. @throws {Incompatible} when the edit removed it */
export function findAttachable({ groups }: InstanceState, name: string): Attachable {
  const found = groups.progs[name] ?? groups.maps[name]
  if (!found) throw new Incompatible(`${name} was removed`)
  return found as Attachable
}

/** Whether attaching failed because the kernel takes one program there, and has one. */
export function isOccupied(error: unknown): boolean {
  return error instanceof BpfError && ['EBUSY', 'EEXIST'].includes(error.code)
}

import { BpfError } from '../host/error.ts'
import type { Link } from '../links/link.ts'
import { attachMap, attachProgram } from '../skeleton/auto-attach.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import { Incompatible } from './incompatible.ts'
import type { Attachable } from './recorded.ts'
import { recordedOf } from './recorded.ts'

/** A live link of an instance, and how the agent came by it. */
export interface Attachment {
  readonly link: Link
  /** The program or struct_ops map that it attaches. */
  readonly name: string
  /** Where the section says, not where the agent said. */
  readonly bySection: boolean
  /** Attaches another instance's in the same way; undefined where its section names no target. */
  again(parts: InstanceState): Link | undefined
}

/** Oldest first. @throws {Incompatible} when it is not known what made one */
export function attachmentsOf(parts: InstanceState): Attachment[] {
  return Array.from(parts.links.alive, (link) => {
    const made = recordedOf(link)
    if (!made) return bySection(parts, link)
    const { name, again } = made
    return { link, name, bySection: false, again: (parts) => again(attachable(parts, name)) }
  })
}

/** Of attach() of the skeleton, which fills the slots. */
function bySection({ groups }: InstanceState, link: Link): Attachment {
  const name = Object.keys(groups.links).find((slot) => groups.links[slot] === link)
  if (name === undefined) {
    throw new Incompatible('a link is neither in its slot of links nor made by an attach function')
  }
  return {
    link,
    name,
    bySection: true,
    again(parts) {
      const map = parts.maps.find((part) => part.name === name)
      if (parts.groups.progs[name]) attachProgram(parts, name)
      else if (map) attachMap(parts, map)
      return parts.groups.links[name] ?? undefined
    },
  }
}

/** @throws {Incompatible} */
export function attachable({ groups }: InstanceState, name: string): Attachable {
  const found = groups.progs[name] ?? groups.maps[name]
  if (!found) throw new Incompatible(`there is no ${name} any more`)
  return found as Attachable
}

/** What it was told when the kernel has a place for one alone. */
export function isTaken(error: unknown): boolean {
  return error instanceof BpfError && ['EBUSY', 'EEXIST'].includes(error.code)
}

import { BpfError } from '../host/error.ts'
import type { NativeLink } from '../links/native.ts'
import { Program } from '../programs/program.ts'
import { enableStats, type Stats } from '../programs/stats.ts'
import { attachProgram } from '../skeleton/auto-attach.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import type { Attachment } from './attachments.ts'
import { attachable, attachmentsOf, isTaken } from './attachments.ts'

/** What is attached once the running programs are not. */
export interface Reattached {
  /** How often both of two programs ran; undefined where the kernel does not count. */
  readonly twice: bigint | undefined
  /** Of programs that nothing was attached of before, to be owned by whoever gets them. */
  readonly added: ReadonlyMap<string, NativeLink>
}

/**
 * The edited programs attached where the running ones are. Links that the kernel can update have changed at once; of
 * others both programs are attached; where the kernel takes one alone, none was for a moment.
 */
export class Reattachment {
  readonly #running: InstanceState
  readonly #next: InstanceState
  readonly #commits: (() => void)[] = []
  readonly #undos: (() => void)[] = []
  /** Running programs that their successors run beside, and how often they had run by then. */
  readonly #beside = new Map<Program, bigint>()
  readonly #stats = statsIfAllowed()

  /** @throws {BpfError} when one cannot be attached; then all is as it was */
  constructor(running: InstanceState, next: InstanceState) {
    this.#running = running
    this.#next = next
    try {
      const left = attachmentsOf(running).filter(
        (each) => !this.#update(each) && !this.#double(each),
      )
      for (const name of newTargets(running, next)) attachProgram(next, name)
      for (const attachment of left) this.#exchange(attachment)
    } catch (error) {
      this.undo()
      throw error
    }
  }

  /** Ends what still attaches running programs. */
  commit(): Reattached {
    for (const commit of this.#commits) commit()
    const runs = Array.from(this.#beside, ([program, before]) => program.info.runCount - before)
    const twice = this.#stats && runs.reduce((sum, count) => sum + count, 0n)
    this.#stats?.disable()
    const added = new Map<string, NativeLink>()
    for (const [name, link] of Object.entries(this.#next.groups.links)) {
      const native = link?.release()
      if (native) added.set(name, native)
    }
    return { twice, added }
  }

  undo(): void {
    this.#stats?.disable()
    for (const undo of this.#undos.toReversed()) undo()
  }

  /** In the kernel's one step. False of links that have none, such as all of tracing. */
  #update({ link, name, bySection }: Attachment): boolean {
    if (bySection && isRetargeted(this.#running, this.#next, name)) return false
    try {
      link.update(attachable(this.#next, name))
    } catch (error) {
      if (error instanceof BpfError) return false
      throw error
    }
    this.#undos.push(() => link.update(attachable(this.#running, name)))
    return true
  }

  /** Beside the running one. False where that has taken the place. */
  #double({ link, name, again }: Attachment): boolean {
    try {
      const made = again(this.#next)
      this.#commits.push(() => {
        const native = made?.release()
        if (native) link.takeOver(native)
        else link.destroy()
      })
    } catch (error) {
      if (isTaken(error)) return false
      throw error
    }
    const program = this.#running.groups.progs[name]
    if (program && !this.#beside.has(program)) this.#beside.set(program, program.info.runCount)
    return true
  }

  /** In its place. */
  #exchange({ link, name, again }: Attachment): void {
    const attach = (parts: InstanceState): void => {
      const native = again(parts)?.release()
      if (native) link.takeOver(native)
    }
    const { links } = this.#running.groups
    const isInSlot = links[name] === link
    link.release()?.destroy()
    this.#undos.push(() => {
      attach(this.#running)
      if (isInSlot) links[name] = link
    })
    attach(this.#next)
  }
}

/** Programs that are new, or have a target now that they have not had, where attach() of the skeleton has been called. */
function newTargets(running: InstanceState, next: InstanceState): string[] {
  if (!running.isAttached) return []
  return next.programs
    .map(({ name }) => name)
    .filter((name) => {
      const program = running.groups.progs[name]
      return !program || (!program.attached && isRetargeted(running, next, name))
    })
}

function isRetargeted(running: InstanceState, next: InstanceState, name: string): boolean {
  return running.groups.progs[name]?.section !== next.groups.progs[name]?.section
}

/** To count needs CAP_SYS_ADMIN. */
function statsIfAllowed(): Stats | undefined {
  try {
    return enableStats()
  } catch (error) {
    if (error instanceof BpfError) return undefined
    throw error
  }
}

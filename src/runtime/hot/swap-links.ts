import { BpfError } from '../host/error.ts'
import type { NativeLink } from '../links/native.ts'
import { Program } from '../programs/program.ts'
import { enableStats, type Stats } from '../programs/stats.ts'
import { attachProgram } from '../skeleton/auto-attach.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'
import type { Attachment } from './attachments.ts'
import { attachmentsOf, findAttachable, isOccupied } from './attachments.ts'

export interface SwappedLinks {
  /** Events that both an old and a new program counted; undefined where the kernel keeps no run statistics. */
  readonly doubleCounted: bigint | undefined
  /** Links of programs that had none before, by the program's name; whoever gets them owns them. */
  readonly added: ReadonlyMap<string, NativeLink>
}

/**
 * Swaps the links of the running programs to the edited ones, each in the best of three ways that the kernel offers:
 * an atomic update (XDP, cgroup, tcx, …); else both programs are attached until commit() (tracing); where the kernel
 * takes one program alone, none is attached for a moment.
 */
export class LinkSwap {
  readonly #running: InstanceState
  readonly #next: InstanceState
  readonly #commits: (() => void)[] = []
  readonly #undos: (() => void)[] = []
  /** Running programs whose edited version is attached beside them, and how often they had run by then. */
  readonly #overlapping = new Map<Program, bigint>()
  readonly #stats = enableStatsIfAllowed()

  /** @throws {BpfError} when a program cannot be attached; nothing has changed then */
  constructor(running: InstanceState, next: InstanceState) {
    this.#running = running
    this.#next = next
    try {
      const exclusive = attachmentsOf(running).filter(
        (each) => !this.#update(each) && !this.#attachBeside(each),
      )
      for (const name of newTargets(running, next)) attachProgram(next, name)
      for (const attachment of exclusive) this.#detachThenAttach(attachment)
    } catch (error) {
      this.undo()
      throw error
    }
  }

  /** Detaches the running programs that are still attached. */
  commit(): SwappedLinks {
    for (const commit of this.#commits) commit()
    const runs = Array.from(
      this.#overlapping,
      ([program, before]) => program.info.runCount - before,
    )
    const doubleCounted = this.#stats && runs.reduce((sum, count) => sum + count, 0n)
    this.#stats?.disable()
    const added = new Map<string, NativeLink>()
    for (const [name, link] of Object.entries(this.#next.groups.links)) {
      const native = link?.release()
      if (native) added.set(name, native)
    }
    return { doubleCounted, added }
  }

  undo(): void {
    this.#stats?.disable()
    for (const undo of this.#undos.toReversed()) undo()
  }

  /** Updates the link atomically (BPF_LINK_UPDATE). Returns false where the kernel cannot, as for all tracing links. */
  #update({ link, name, isAutomatic }: Attachment): boolean {
    if (isAutomatic && isRetargeted(this.#running, this.#next, name)) return false
    try {
      link.update(findAttachable(this.#next, name))
    } catch (error) {
      if (error instanceof BpfError) return false
      throw error
    }
    this.#undos.push(() => link.update(findAttachable(this.#running, name)))
    return true
  }

  /** Attaches the edited program beside the running one. Returns false where the kernel takes one program alone. */
  #attachBeside({ link, name, repeat }: Attachment): boolean {
    try {
      const edited = repeat(this.#next)
      this.#commits.push(() => {
        const native = edited?.release()
        if (native) link.replaceNative(native)
        else link.destroy()
      })
    } catch (error) {
      if (isOccupied(error)) return false
      throw error
    }
    const program = this.#running.groups.progs[name]
    if (program && !this.#overlapping.has(program)) {
      this.#overlapping.set(program, program.info.runCount)
    }
    return true
  }

  /** Detaches the running program, then attaches the edited one in its place. */
  #detachThenAttach({ link, name, repeat }: Attachment): void {
    const attach = (state: InstanceState): void => {
      const native = repeat(state)?.release()
      if (native) link.replaceNative(native)
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

/** Programs that are new, or whose section names a target only now, once the skeleton's attach() has been called. */
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

/** Run statistics need CAP_SYS_ADMIN. */
function enableStatsIfAllowed(): Stats | undefined {
  try {
    return enableStats()
  } catch (error) {
    if (error instanceof BpfError) return undefined
    throw error
  }
}

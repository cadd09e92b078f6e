import { privilegeHint } from '../capabilities.ts'
import { BpfError, stateError } from '../error.ts'
import { objectInfo } from '../ffi/bpf.ts'
import type { KeepAlive } from '../keep-alive.ts'
import type { Life } from '../life.ts'
import type { NativeLink, Successor } from './native.ts'

/** The links of one skeleton instance that are alive, oldest first, and what they keep alive. */
export class LinkOwner {
  readonly life: Life
  readonly keepAlive: KeepAlive
  readonly alive: Set<Link> = new Set()

  constructor(life: Life, keepAlive: KeepAlive) {
    this.life = life
    this.keepAlive = keepAlive
  }

  /** Newest first. */
  destroyAll(): void {
    for (const link of [...this.alive].toReversed()) link.destroy()
  }
}

/** A program's attachment to something, or a struct_ops map's, until it is destroyed. */
export class Link implements Disposable {
  readonly #owner: LinkOwner
  /** For messages: `program on_exec of trace_bpf`. */
  readonly #title: string
  /** Undefined once destroyed. */
  #native: NativeLink | undefined

  /** @internal Made by attach functions alone. */
  constructor(owner: LinkOwner, title: string, native: NativeLink) {
    this.#owner = owner
    this.#title = title
    this.#native = native
    owner.alive.add(this)
    owner.keepAlive.hold(this)
  }

  /** Whether it has been destroyed. */
  get destroyed(): boolean {
    return this.#native === undefined
  }

  /** Its descriptor, borrowed: it closes with the link. */
  get fd(): number {
    return this.#live('use the descriptor of').fd()
  }

  /** The number the kernel knows it by. @throws {BpfError} for attachments that are no kernel links (old perf events) */
  get id(): number {
    return this.info.id
  }

  /** What the kernel says of it. */
  get info(): LinkInfo {
    const info = objectInfo(this.fd, linkInfoSize)
    if (typeof info === 'number') {
      throw new BpfError({ operation: 'ask about', object: this.#subject, errno: -info })
    }
    return {
      type: info.getUint32(0, true),
      id: info.getUint32(4, true),
      programId: info.getUint32(8, true),
    }
  }

  /**
   * Puts another program, or struct_ops map, in the place of the attached one, at once.
   * @throws {BpfError} EINVAL where the kernel cannot: tracing links
   */
  update(successor: Successor): void {
    this.#succeed('update', this.#live('update').update(successor))
  }

  /** Makes it outlive the process under a path of a BPF file system. */
  pin(path: string): void {
    this.#succeed(
      'pin',
      this.#live('pin').pin(path),
      'Pins live in a BPF file system: mount -t bpf bpf /sys/fs/bpf',
    )
  }

  unpin(): void {
    this.#succeed('unpin', this.#live('unpin').unpin())
  }

  /** Detaches. Again: nothing. */
  destroy(): void {
    const native = this.#native
    if (!native) return
    this.#native = undefined
    this.#owner.alive.delete(this)
    this.#owner.keepAlive.release(this)
    native.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  get #subject(): string {
    return `the link of ${this.#title}`
  }

  #live(operation: string): NativeLink {
    if (this.#native) return this.#native
    throw stateError(operation, this.#subject, 'it was destroyed; attach again')
  }

  #succeed(operation: string, result: number, hint?: string): void {
    if (result >= 0) return
    throw new BpfError({
      operation,
      object: this.#subject,
      errno: -result,
      hint: privilegeHint(-result) ?? hint,
    })
  }
}

export interface LinkInfo {
  /** BPF_LINK_TYPE_ number. */
  readonly type: number
  readonly id: number
  readonly programId: number
}
/** Bytes of struct bpf_link_info (linux/bpf.h), with room. */
const linkInfoSize = 96

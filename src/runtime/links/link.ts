import { registerDescriptor } from '../descriptors/descriptor.ts'
import { DuplicateDescriptor } from '../descriptors/duplicate.ts'
import { pinAdvice } from '../host/bpffs.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { BpfError, stateError, unsupported } from '../host/error.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'
import type { Lifecycle } from '../lifetime/lifecycle.ts'
import type { LinkInfo, LinkInfoLayouts } from './info.ts'
import { linkInfo } from './info.ts'
import type { NativeLink, Successor } from './native.ts'

/** The links of one skeleton instance that are alive, oldest first, and what they keep alive. */
export class LinkOwner {
  readonly life: Lifecycle
  readonly keepAlive: KeepAlive
  readonly liveLinks: Set<Link> = new Set()

  constructor(life: Lifecycle, keepAlive: KeepAlive) {
    this.life = life
    this.keepAlive = keepAlive
  }

  /** Newest first. */
  destroyAll(): void {
    for (const link of [...this.liveLinks].toReversed()) link.destroy()
  }
}

/** A program's attachment to something, or a struct_ops map's, until it is destroyed. */
export class Link implements Disposable {
  readonly #owner: LinkOwner
  /** For messages: `program on_exec of trace_bpf`. */
  readonly #title: string
  /** What links of its program are, to describe it. */
  readonly #layouts: LinkInfoLayouts
  readonly #lent = new DuplicateDescriptor()
  /** Undefined once destroyed. */
  #native: NativeLink | undefined

  /** @internal Made by attach functions alone. */
  constructor(owner: LinkOwner, title: string, native: NativeLink, layouts: LinkInfoLayouts) {
    this.#owner = owner
    this.#title = title
    this.#layouts = layouts
    this.#native = native
    registerDescriptor(this, () => this.#ownFd)
    owner.liveLinks.add(this)
    owner.keepAlive.hold(this)
  }

  /** Whether it has been destroyed. */
  get destroyed(): boolean {
    return this.#native === undefined
  }

  /**
   * A descriptor of it, a duplicate: it closes with the link; closed before, it is made anew.
   * @throws {BpfError} `ERR_BPF_UNSUPPORTED` of an attachment that the kernel has no link for: tc, a socket's filter
   */
  get fd(): number {
    return this.#lent.of(this.#ownFd, this.#subject)
  }

  /** The number the kernel knows it by. */
  get id(): number {
    return this.info.id
  }

  /** What the kernel says of it, by its `type`. */
  get info(): LinkInfo {
    const info = this.#live('ask about').info?.() ?? linkInfo(this.#ownFd, this.#layouts)
    if (typeof info !== 'number') return info
    throw this.failure('ask about', -info)
  }

  /**
   * Puts another program, or struct_ops map, in the place of the attached one, at once.
   * @throws {BpfError} EINVAL where the kernel cannot: links of tracing programs
   */
  update(successor: Successor): void {
    this.#succeed('update', this.#live('update').update(successor))
  }

  /** Makes it outlive the process under a path of a BPF file system. */
  pin(path: string): void {
    const result = this.#live('pin').pin(path)
    this.#succeed('pin', result, pinAdvice(-result))
  }

  unpin(): void {
    this.#succeed('unpin', this.#live('unpin').unpin())
  }

  /** Detaches. Again: nothing. */
  destroy(): void {
    this.release()?.destroy()
  }

  /** Lets go of what is attached, which stays. Undefined once destroyed. @internal */
  release(): NativeLink | undefined {
    const native = this.#native
    this.#lent.close()
    this.#native = undefined
    this.#owner.liveLinks.delete(this)
    this.#owner.keepAlive.release(this)
    return native
  }

  /** Stands for another attachment from now on, and ends the one it stood for. @internal */
  replaceNative(native: NativeLink): void {
    const before = this.#native
    this.#lent.close()
    this.#native = native
    this.#owner.liveLinks.add(this)
    this.#owner.keepAlive.hold(this)
    before?.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  get #ownFd(): number {
    const fd = this.#live('use the descriptor of').fd()
    if (fd >= 0) return fd
    throw unsupported('use the descriptor of', this.#subject, 'the kernel has no link for this')
  }

  get #subject(): string {
    return `the link of ${this.#title}`
  }

  #live(operation: string): NativeLink {
    if (this.#native) return this.#native
    throw stateError(operation, this.#subject, 'it was destroyed; attach again')
  }

  #succeed(operation: string, result: number, hint?: string): void {
    if (result < 0) throw this.failure(operation, -result, hint)
  }

  /** @param hint when privileges are not lacking @internal */
  protected failure(operation: string, errno: number, hint?: string): BpfError {
    return new BpfError({
      operation,
      object: this.#subject,
      errno,
      hint: privilegeHint(errno) ?? hint,
    })
  }
}

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

/** The live links of one skeleton instance, oldest first. */
export class LinkOwner {
  readonly life: Lifecycle
  readonly keepAlive: KeepAlive
  readonly liveLinks: Set<Link> = new Set()

  constructor(life: Lifecycle, keepAlive: KeepAlive) {
    this.life = life
    this.keepAlive = keepAlive
  }

  /** Destroys the links, newest first. */
  destroyAll(): void {
    for (const link of [...this.liveLinks].toReversed()) link.destroy()
  }
}

/** The attachment of a program or of a struct_ops map. It lasts until it is destroyed. */
export class Link implements Disposable {
  readonly #owner: LinkOwner
  /** For messages: `program on_exec of trace_bpf`. */
  readonly #title: string
  /** The layouts of bpf_link_info that links of its program have. */
  readonly #layouts: LinkInfoLayouts
  readonly #userDescriptor = new DuplicateDescriptor()
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
   * A duplicate of the link's descriptor, which closes with the link. If it was closed before, a new one is made.
   * @throws {BpfError} `ERR_BPF_UNSUPPORTED` for an attachment that is not a kernel link: tc, a socket filter
   */
  get fd(): number {
    return this.#userDescriptor.of(this.#ownFd, this.#subject)
  }

  /** The kernel's id of the link. */
  get id(): number {
    return this.info.id
  }

  /** The kernel's information on the link, by its `type`. */
  get info(): LinkInfo {
    const info = this.#requireLive('ask about').info?.() ?? linkInfo(this.#ownFd, this.#layouts)
    if (typeof info !== 'number') return info
    throw this.failure('ask about', -info)
  }

  /**
   * Replaces the attached program or struct_ops map by another one, atomically.
   * @throws {BpfError} EINVAL where the kernel cannot: for links of tracing programs
   */
  update(successor: Successor): void {
    this.#check('update', this.#requireLive('update').update(successor))
  }

  /** Pins the link to a path of a BPF file system, where it outlives the process. */
  pin(path: string): void {
    const result = this.#requireLive('pin').pin(path)
    this.#check('pin', result, pinAdvice(-result))
  }

  unpin(): void {
    this.#check('unpin', this.#requireLive('unpin').unpin())
  }

  /** Detaches. A second call does nothing. */
  destroy(): void {
    this.release()?.destroy()
  }

  /** Gives up the native link and leaves it attached. Returns undefined once destroyed. @internal */
  release(): NativeLink | undefined {
    const native = this.#native
    this.#userDescriptor.close()
    this.#native = undefined
    this.#owner.liveLinks.delete(this)
    this.#owner.keepAlive.release(this)
    return native
  }

  /** Replaces the native link and destroys the one before. @internal */
  replaceNative(native: NativeLink): void {
    const before = this.#native
    this.#userDescriptor.close()
    this.#native = native
    this.#owner.liveLinks.add(this)
    this.#owner.keepAlive.hold(this)
    before?.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  get #ownFd(): number {
    const fd = this.#requireLive('use the descriptor of').fd()
    if (fd >= 0) return fd
    throw unsupported(
      'use the descriptor of',
      this.#subject,
      'this attachment is not a kernel link, so it has no descriptor',
    )
  }

  get #subject(): string {
    return `the link of ${this.#title}`
  }

  #requireLive(operation: string): NativeLink {
    if (this.#native) return this.#native
    throw stateError(operation, this.#subject, 'it was destroyed: attach again')
  }

  #check(operation: string, result: number, hint?: string): void {
    if (result < 0) throw this.failure(operation, -result, hint)
  }

  /** @param hint what to do, when no privilege is missing @internal */
  protected failure(operation: string, errno: number, hint?: string): BpfError {
    return new BpfError({
      operation,
      object: this.#subject,
      errno,
      hint: privilegeHint(errno) ?? hint,
    })
  }
}

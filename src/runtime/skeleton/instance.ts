import { captureLogAsync } from '../ffi/libbpf-log-async.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { bpf_map__autocreate, bpf_map__fd, bpf_program__autoload } from '../ffi/object.ts'
import type { PrintBuffer } from '../ffi/print-buffer.ts'
import { removeInstance, addInstance } from '../lifetime/open-instances.ts'
import type { LiveSection } from '../maps/live-section.ts'
import type { ObjectToLoad } from '../maps/map.ts'
import { autoAttach } from './auto-attach.ts'
import type { InstanceState } from './instance-state.ts'
import { setState } from './instance-state.ts'
import { loadFailure } from './load-failure.ts'
import { openObject } from './open-object.ts'
import type { OpenOptions } from './open-options.ts'
import type { SkeletonSpec } from './spec.ts'

/** The members of every opened skeleton; generated declarations add its maps, programs, links and sections by name. */
export interface SkeletonInstance extends Disposable {
  /**
   * Creates the maps and has the verifier check the programs.
   * @throws {VerifierError} when the kernel refuses a program
   * @throws {BpfError}
   */
  load(): this
  /**
   * Loads with the verifier off the event loop; until the promise settles every other call throws. Several instances
   * load one after another. Rejects as load() throws.
   */
  loadAsync(): Promise<this>
  /** Attaches every program that has no link yet and whose section says where. @throws {BpfError} at the first failure */
  attach(): this
  /** Destroys every link, newest first. */
  detach(): this
  /** Detaches, and frees all that the instance holds. Idempotent. */
  destroy(): void
  /** Lets live links and subscriptions keep the process from ending, which is the default. */
  ref(): this
  /** Lets the process end in spite of live links and subscriptions. */
  unref(): this
}

export class Instance implements SkeletonInstance {
  readonly #state: InstanceState

  constructor(spec: SkeletonSpec, object: Uint8Array, options: OpenOptions) {
    this.#state = openObject(spec, object, options)
    this.#publish()
    setState(this, this.#state)
    addInstance(this)
  }

  load(): this {
    this.#beforeLoad()
    const { result, log } = captureLog(() => this.#state.native.load())
    this.#afterLoad(result, log)
    return this
  }

  async loadAsync(): Promise<this> {
    this.#beforeLoad()
    const { lifecycle, native, keepAlive } = this.#state
    lifecycle.stage = 'loading'
    keepAlive.hold(native)
    // The instance may be destroyed while others load before it.
    const load = async (printBuffer: PrintBuffer | undefined): Promise<number> =>
      this.#isDestroyed() ? 0 : native.loadAsync(printBuffer)
    const { result, log } = await captureLogAsync(load).finally(() => {
      keepAlive.release(native)
    })
    if (this.#isDestroyed()) {
      native.destroy()
      throw lifecycle.refusal('load')
    }
    this.#afterLoad(result, log)
    return this
  }

  attach(): this {
    this.#state.lifecycle.requireLoaded('attach')
    autoAttach(this.#state)
    this.#state.isAttached = true
    return this
  }

  detach(): this {
    const { lifecycle, links, groups } = this.#state
    if (lifecycle.stage === 'loading') throw lifecycle.refusal('detach')
    links.destroyAll()
    for (const name of Object.keys(groups.links)) groups.links[name] = null
    this.#state.isAttached = false
    return this
  }

  destroy(): void {
    const { lifecycle, maps, programs, native } = this.#state
    const { stage } = lifecycle
    if (stage === 'destroyed') return
    if (stage !== 'loading') this.detach()
    lifecycle.stage = 'destroyed'
    for (const section of this.#sections()) section.closed()
    for (const { handle } of maps) handle.closed()
    for (const { handle } of programs) handle.userDescriptor.close()
    // While a thread of loadAsync() is inside libbpf, it frees the object when it returns.
    if (stage !== 'loading') native.destroy()
    removeInstance(this)
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  ref(): this {
    this.#state.keepAlive.ref()
    return this
  }

  unref(): this {
    this.#state.keepAlive.unref()
    return this
  }

  #publish(): void {
    const state = this.#state
    for (const name of Object.keys(state.groups) as (keyof typeof state.groups)[]) {
      Object.defineProperty(this, name, { enumerable: true, get: () => state.groups[name] })
    }
    for (const [name, { view }] of state.exposedSections) {
      Object.defineProperty(this, name, { enumerable: true, value: view })
    }
    Object.seal(this)
  }

  #beforeLoad(): void {
    const { lifecycle, maps, native, spec } = this.#state
    lifecycle.requireOpen('load')
    const object: ObjectToLoad = {
      name: spec.name,
      elf: spec.object,
      programs: () =>
        spec.programs.filter((_, index) => bpf_program__autoload(native.program(index))),
    }
    for (const { kind, handle } of maps) kind.beforeLoad?.(handle, object)
    for (const section of this.#sections()) section.beforeLoad()
    for (const { handle } of maps) handle.loading()
  }

  #afterLoad(result: number, log?: string): void {
    const { lifecycle, native, maps, programs } = this.#state
    if (result < 0) {
      lifecycle.stage = 'failed'
      const failure = loadFailure(this.#state, -result, log)
      native.freeLogs()
      throw failure
    }
    for (const [index, { handle }] of programs.entries()) handle.log = native.verifierLog(index)
    native.freeLogs()
    lifecycle.stage = 'loaded'
    for (const [index, { handle }] of maps.entries()) {
      handle.arenaVariables = native.mappedMemory(index)
      // For a map that is not created, libbpf 1.4 and newer hold a placeholder descriptor.
      if (bpf_map__autocreate(handle.pointer)) handle.loaded(bpf_map__fd(handle.pointer))
    }
    for (const section of this.#sections()) section.loaded()
  }

  #sections(): LiveSection[] {
    const { structOps, sections, exposedSections } = this.#state
    return [...new Set([...structOps.values(), ...sections.values(), ...exposedSections.values()])]
  }

  /** The stage may have changed while a thread loaded. */
  #isDestroyed(): boolean {
    return this.#state.lifecycle.stage === 'destroyed'
  }
}

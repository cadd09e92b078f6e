import { captureLogAsync } from '../ffi/libbpf-log-async.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { bpf_map__autocreate, bpf_map__fd, bpf_program__autoload } from '../ffi/object.ts'
import type { PrintBuffer } from '../ffi/print-buffer.ts'
import { removeInstance, addInstance } from '../lifetime/open-instances.ts'
import type { LiveSection } from '../maps/live-section.ts'
import type { ObjectToLoad } from '../maps/map.ts'
import { autoAttach } from './auto-attach.ts'
import type { InstanceState } from './instance-state.ts'
import { keepState, openInstance } from './instance-state.ts'
import { loadFailure } from './load-failure.ts'
import type { OpenOptions } from './open-options.ts'
import type { SkeletonSpec } from './spec.ts'

/** What every opened skeleton has; generated declarations add its maps, programs, links and sections by name. */
export interface SkeletonInstance extends Disposable {
  /**
   * Creates the maps and has the verifier check the programs.
   * @throws {VerifierError} when the kernel refuses a program
   * @throws {BpfError}
   */
  load(): this
  /**
   * The same with the verifier off the event loop; until it settles every other call throws. Several load one after
   * another.
   */
  loadAsync(): Promise<this>
  /** Attaches every program that has no link yet and whose section says where. @throws {BpfError} at the first failure */
  attach(): this
  /** Destroys every link, newest first. */
  detach(): this
  /** Detaches and lets go of everything. Again: nothing. */
  destroy(): void
  /** Live links and subscriptions keep the process from ending (so it begins). */
  ref(): this
  /** They do not. */
  unref(): this
}

export class Instance implements SkeletonInstance {
  readonly #parts: InstanceState

  constructor(spec: SkeletonSpec, object: Uint8Array, options: OpenOptions) {
    this.#parts = openInstance(spec, object, options)
    this.#publish()
    keepState(this, this.#parts)
    addInstance(this)
  }

  load(): this {
    this.#beforeLoad()
    const { result, log } = captureLog(() => this.#parts.native.load())
    this.#afterLoad(result, log)
    return this
  }

  async loadAsync(): Promise<this> {
    this.#beforeLoad()
    const { life, native, keepAlive } = this.#parts
    life.stage = 'loading'
    keepAlive.hold(native)
    // Others may have to load before it.
    const load = async (said: PrintBuffer | undefined): Promise<number> =>
      this.#isDestroyed() ? 0 : native.loadAside(said)
    const { result, log } = await captureLogAsync(load).finally(() => {
      keepAlive.release(native)
    })
    if (this.#isDestroyed()) {
      native.destroy()
      throw life.refusal('load')
    }
    this.#afterLoad(result, log)
    return this
  }

  attach(): this {
    this.#parts.life.requireLoaded('attach')
    autoAttach(this.#parts)
    this.#parts.isAttached = true
    return this
  }

  detach(): this {
    const { life, links, groups } = this.#parts
    if (life.stage === 'loading') throw life.refusal('detach')
    links.destroyAll()
    for (const name of Object.keys(groups.links)) groups.links[name] = null
    this.#parts.isAttached = false
    return this
  }

  destroy(): void {
    const { life, maps, programs, native } = this.#parts
    const { stage } = life
    if (stage === 'destroyed') return
    if (stage !== 'loading') this.detach()
    life.stage = 'destroyed'
    for (const memory of this.#shown()) memory.closed()
    for (const { handle } of maps) handle.closed()
    for (const { handle } of programs) handle.lent.close()
    // A thread of loadAsync is still inside: it tears down when it returns.
    if (stage !== 'loading') native.destroy()
    removeInstance(this)
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  ref(): this {
    this.#parts.keepAlive.ref()
    return this
  }

  unref(): this {
    this.#parts.keepAlive.unref()
    return this
  }

  #publish(): void {
    const parts = this.#parts
    for (const name of Object.keys(parts.groups) as (keyof typeof parts.groups)[]) {
      Object.defineProperty(this, name, { enumerable: true, get: () => parts.groups[name] })
    }
    for (const [name, { view }] of parts.shown) {
      Object.defineProperty(this, name, { enumerable: true, value: view })
    }
    Object.seal(this)
  }

  #beforeLoad(): void {
    const { life, maps, native, spec } = this.#parts
    life.requireOpen('load')
    const object: ObjectToLoad = {
      name: spec.name,
      elf: spec.object,
      programs: () =>
        spec.programs.filter((_, index) => bpf_program__autoload(native.program(index))),
    }
    for (const { kind, handle } of maps) kind.beforeLoad?.(handle, object)
    for (const memory of this.#shown()) memory.beforeLoad()
    for (const { handle } of maps) handle.loading()
  }

  #afterLoad(result: number, log?: string): void {
    const { life, native, maps, programs } = this.#parts
    if (result < 0) {
      life.stage = 'failed'
      const failure = loadFailure(this.#parts, -result, log)
      native.dropLogs()
      throw failure
    }
    for (const [index, { handle }] of programs.entries()) handle.log = native.verifierLog(index)
    native.dropLogs()
    life.stage = 'loaded'
    for (const [index, { handle }] of maps.entries()) {
      handle.variables = native.mapped(index)
      // Of a map left out, libbpf 1.4 and newer have a descriptor of something else.
      if (bpf_map__autocreate(handle.pointer)) handle.loaded(bpf_map__fd(handle.pointer))
    }
    for (const memory of this.#shown()) memory.loaded()
  }

  #shown(): LiveSection[] {
    const { structOps, sections, shown } = this.#parts
    return [...new Set([...structOps.values(), ...sections.values(), ...shown.values()])]
  }

  /** The stage may have changed while a thread loaded. */
  #isDestroyed(): boolean {
    return this.#parts.life.stage === 'destroyed'
  }
}

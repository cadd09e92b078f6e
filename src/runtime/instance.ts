import { bpf_map__autocreate, bpf_map__fd } from './ffi/object.ts'
import { group } from './group.ts'
import { forget, remember } from './instances.ts'
import { KeepAlive } from './keep-alive.ts'
import { Life } from './life.ts'
import { LinkOwner } from './links/link.ts'
import type { Links } from './links/links.ts'
import { linkSlots } from './links/links.ts'
import type { NativeLink } from './links/native.ts'
import { libbpfLink } from './links/native.ts'
import { loadFailure } from './load-failure.ts'
import { heardAside } from './log-aside.ts'
import { heard } from './log.ts'
import { MapHandle } from './maps/handle.ts'
import type { BpfMap } from './maps/map.ts'
import type { StructOpsMap } from './maps/struct-ops.ts'
import { ObjectSkeleton } from './object-skeleton.ts'
import { openFailure, requireLibbpf } from './open-failure.ts'
import type { OpenOptions } from './open-options.ts'
import { nativeOptions } from './open-options.ts'
import type { Program } from './programs/program.ts'
import type { ProgramHandle } from './programs/settings.ts'
import type { ProgramsByPointer } from './shadow.ts'
import type { ShownMemory } from './shown-memory.ts'
import type { SkeletonSpec } from './spec.ts'
import { requireUsdtLayout } from './usdt-layout.ts'

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
  declare readonly maps: Readonly<Record<string, BpfMap>>
  declare readonly progs: Readonly<Record<string, Program>>
  declare readonly links: Links<string>
  readonly #spec: SkeletonSpec
  readonly #life: Life
  readonly #native: ObjectSkeleton
  readonly #keepAlive = new KeepAlive()
  readonly #links: LinkOwner
  readonly #handles: readonly MapHandle[]
  readonly #programs: ProgramHandle[] = []
  /** Data sections and struct_ops. */
  readonly #shown: ShownMemory[] = []

  constructor(spec: SkeletonSpec, object: Uint8Array, options: OpenOptions) {
    const native = nativeOptions(options)
    requireLibbpf(spec)
    this.#spec = spec
    this.#life = new Life(spec.name)
    this.#links = new LinkOwner(this.#life, this.#keepAlive)
    this.#native = new ObjectSkeleton(
      spec.name,
      object,
      spec.maps.map(([name, kind]) => ({
        name: kind.section ?? name,
        isArena: kind.holds !== undefined,
      })),
      spec.programs.map(([name]) => name),
    )
    const { result, log } = heard(() => this.#native.open(native))
    if (result < 0) {
      this.#native.destroy()
      throw openFailure(spec.name, -result, log)
    }
    this.#handles = spec.maps.map(
      ([name], index) => new MapHandle(name, this.#native.map(index), this.#life, this.#keepAlive),
    )
    for (const [index, [, , , newer]] of spec.programs.entries()) {
      newer?.nameType(this.#native.program(index))
    }
    this.#publish()
    remember(this)
  }

  load(): this {
    this.#beforeLoad()
    const { result, log } = heard(() => this.#native.load())
    this.#afterLoad(result, log)
    return this
  }

  async loadAsync(): Promise<this> {
    this.#beforeLoad()
    this.#life.stage = 'loading'
    this.#keepAlive.hold(this.#native)
    // Others may have to load before it.
    const load = async (): Promise<number> => (this.#isDestroyed() ? 0 : this.#native.loadAside())
    const { result, log } = await heardAside(load).finally(() => {
      this.#keepAlive.release(this.#native)
    })
    if (this.#isDestroyed()) {
      this.#native.destroy()
      throw this.#life.refusal('load')
    }
    this.#afterLoad(result, log)
    return this
  }

  attach(): this {
    this.#life.requireLoaded('attach')
    for (const [index, [name, , , newer]] of this.#spec.programs.entries()) {
      const program = this.progs[name]
      const current = this.links[name]
      if (!program || program.attached || (current && !current.destroyed)) continue
      newer?.requireKnown(program)
      const native = this.#attachProgram(program, index)
      if (native) this.links[name] = program.adopt(native)
    }
    for (const [name] of this.#structOps()) this.#attachMap(name)
    return this
  }

  detach(): this {
    if (this.#life.stage === 'loading') throw this.#life.refusal('detach')
    this.#links.destroyAll()
    for (const name of Object.keys(this.links)) this.links[name] = null
    return this
  }

  destroy(): void {
    const { stage } = this.#life
    if (stage === 'destroyed') return
    if (stage !== 'loading') this.detach()
    this.#life.stage = 'destroyed'
    for (const memory of this.#shown) memory.closed()
    for (const handle of this.#handles) handle.closed()
    // A thread of loadAsync is still inside: it tears down when it returns.
    if (stage !== 'loading') this.#native.destroy()
    forget(this)
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  ref(): this {
    this.#keepAlive.ref()
    return this
  }

  unref(): this {
    this.#keepAlive.unref()
    return this
  }

  #publish(): void {
    const { maps, programs, sections } = this.#spec
    const publish = (name: string, value: object): void => {
      Object.defineProperty(this, name, { enumerable: true, value })
    }
    publish(
      'maps',
      group(
        maps.map(([name, kind], index) => [
          name,
          kind.create(this.#handleOf(index, name), this.#links),
        ]),
      ),
    )
    const made = programs.map(([name, Kind], index) => {
      const handle = this.#programHandle(name, index)
      return { name, pointer: handle.pointer, program: new Kind(handle) }
    })
    const byPointer = new Map(made.map(({ pointer, program }) => [pointer, program]))
    const structOps = this.#structOps()
    if (structOps.length > 0) {
      publish(
        'struct_ops',
        group(structOps.map(([name, show]) => [name, this.#show(show(byPointer))])),
      )
    }
    publish('progs', group(made.map(({ name, program }) => [name, program])))
    publish('links', linkSlots([...programs, ...structOps].map(([name]) => name)))
    for (const [ident, section, layout] of sections) {
      const index = maps.findIndex(([, kind]) => (kind.section ?? kind.holds) === section)
      const memory = maps[index]?.[1].variables?.(this.#handleOf(index, section), layout)
      if (memory) publish(ident, this.#show(memory))
    }
    Object.seal(this)
  }

  /** The struct_ops maps, and what shows one. */
  #structOps(): [name: string, show: (programs: ProgramsByPointer) => ShownMemory][] {
    return this.#spec.maps.flatMap(([name, { shadow }], index) =>
      shadow ? [[name, (programs) => shadow(this.#handleOf(index, name), programs)]] : [],
    )
  }

  /** What to publish of it. */
  #show(memory: ShownMemory): object {
    this.#shown.push(memory)
    return memory.view
  }

  /** Undefined of what has no automatic attachment. */
  #attachProgram(program: Program, index: number): NativeLink | undefined {
    const own = program.autoload && program.autoattach ? program.linkBySection() : undefined
    if (own) return own
    const { result, log } = heard(() => this.#native.attachProgram(index))
    if (result < 0) throw program.failure('attach', -result, log)
    return result > 0 ? libbpfLink(result) : undefined
  }

  /** As bpf_object__attach_skeleton does since libbpf 1.5. */
  #attachMap(name: string): void {
    const map = this.maps[name]
    const current = this.links[name]
    if (!(map && 'attachStructOps' in map) || (current && !current.destroyed)) return
    const { attached, autoattach, autocreate } = map as StructOpsMap
    if (attached || !autoattach || !autocreate) return
    this.links[name] = (map as StructOpsMap).attachStructOps()
  }

  #handleOf(index: number, name: string): MapHandle {
    const handle = this.#handles[index]
    if (!handle) throw new RangeError(`skeleton ${this.#spec.name} has no map ${name}`)
    return handle
  }

  #programHandle(name: string, index: number): ProgramHandle {
    const handle = { name, pointer: this.#native.program(index), links: this.#links, log: '' }
    this.#programs.push(handle)
    return handle
  }

  #beforeLoad(): void {
    this.#life.requireOpen('load')
    requireUsdtLayout(this.#spec, this.#native)
    for (const [index, [name, kind]] of this.#spec.maps.entries()) {
      kind.beforeLoad?.(this.#handleOf(index, name))
    }
    for (const memory of this.#shown) memory.beforeLoad()
    for (const handle of this.#handles) handle.loading()
  }

  #afterLoad(result: number, log?: string): void {
    if (result < 0) {
      this.#life.stage = 'failed'
      const failure = loadFailure(this.#spec, this.#native, -result, log)
      this.#native.dropLogs()
      throw failure
    }
    for (const [index, program] of this.#programs.entries()) {
      program.log = this.#native.verifierLog(index)
    }
    this.#native.dropLogs()
    this.#life.stage = 'loaded'
    for (const [index, handle] of this.#handles.entries()) {
      handle.variables = this.#native.mapped(index)
      // Of a map left out, libbpf 1.4 and newer have a descriptor of something else.
      if (bpf_map__autocreate(handle.pointer)) handle.loaded(bpf_map__fd(handle.pointer))
    }
    for (const memory of this.#shown) memory.loaded()
  }

  /** The stage may have changed while a thread loaded. */
  #isDestroyed(): boolean {
    return this.#life.stage === 'destroyed'
  }
}

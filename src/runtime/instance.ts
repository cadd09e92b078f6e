import { privilegeHint } from './capabilities.ts'
import { BpfError } from './error.ts'
import { bpf_map__fd, bpf_map__type } from './ffi/object.ts'
import { group } from './group.ts'
import { forget, remember } from './instances.ts'
import { KeepAlive } from './keep-alive.ts'
import { Life } from './life.ts'
import { LinkOwner } from './links/link.ts'
import type { Links } from './links/links.ts'
import { linkSlots } from './links/links.ts'
import { libbpfLink } from './links/native.ts'
import { loadFailure } from './load-failure.ts'
import { deafen, heard } from './log.ts'
import { MapHandle } from './maps/handle.ts'
import type { BpfMap } from './maps/map.ts'
import { ObjectSkeleton } from './object-skeleton.ts'
import type { OpenOptions } from './open-options.ts'
import { nativeOptions } from './open-options.ts'
import type { Program } from './programs/program.ts'
import { Section } from './section.ts'
import type { SkeletonSpec } from './spec.ts'

/** What every opened skeleton has; generated declarations add its maps, programs, links and sections by name. */
export interface SkeletonInstance extends Disposable {
  /**
   * Creates the maps and has the verifier check the programs.
   * @throws {VerifierError} when the kernel refuses a program
   * @throws {BpfError}
   */
  load(): this
  /** The same with the verifier off the event loop; until it settles every other call throws. */
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
  readonly #sections: readonly Section[]

  constructor(spec: SkeletonSpec, object: Uint8Array, options: OpenOptions) {
    const native = nativeOptions(options)
    const elfNames = spec.maps.map(([name, kind]) => kind.section ?? name)
    this.#spec = spec
    this.#life = new Life(spec.name)
    this.#links = new LinkOwner(this.#life, this.#keepAlive)
    this.#native = new ObjectSkeleton(
      spec.name,
      object,
      elfNames,
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
    this.#sections = spec.sections.map(
      ([, section, layout]) =>
        new Section(section, layout, this.#handleOf(elfNames.indexOf(section), section)),
    )
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
    const silence = deafen()
    let result: number
    try {
      result = await this.#native.loadAside()
    } finally {
      silence.end()
      this.#keepAlive.release(this.#native)
    }
    if (this.#isDestroyed()) {
      this.#native.destroy()
      throw this.#life.refusal('load')
    }
    this.#afterLoad(result)
    return this
  }

  attach(): this {
    this.#life.requireLoaded('attach')
    for (const [index, [name]] of this.#spec.programs.entries()) {
      const program = this.progs[name]
      const current = this.links[name]
      if (!program || program.attached || (current && !current.destroyed)) continue
      const { result, log } = heard(() => this.#native.attachProgram(index))
      if (result < 0) throw program.failure('attach', -result, log)
      if (result > 0) this.links[name] = program.adopt(libbpfLink(result))
    }
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
    for (const section of this.#sections) section.closed()
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
    const structOps = maps.filter(
      (_, index) => bpf_map__type(this.#native.map(index)) === structOpsMap,
    )
    const publish = (name: string, value: object): void => {
      Object.defineProperty(this, name, { enumerable: true, value })
    }
    publish(
      'maps',
      group(maps.map(([name, kind], index) => [name, kind.create(this.#handleOf(index, name))])),
    )
    publish(
      'progs',
      group(
        programs.map(([name, Kind], index) => [
          name,
          new Kind({ name, pointer: this.#native.program(index), links: this.#links }),
        ]),
      ),
    )
    publish('links', linkSlots([...programs, ...structOps].map(([name]) => name)))
    for (const [index, [ident]] of sections.entries()) {
      const section = this.#sections[index]
      if (section) publish(ident, section.view)
    }
    Object.seal(this)
  }

  #handleOf(index: number, name: string): MapHandle {
    const handle = this.#handles[index]
    if (!handle) throw new RangeError(`skeleton ${this.#spec.name} has no map ${name}`)
    return handle
  }

  #beforeLoad(): void {
    this.#life.requireOpen('load')
    for (const section of this.#sections) section.beforeLoad()
  }

  #afterLoad(result: number, log?: string): void {
    if (result < 0) {
      this.#life.stage = 'failed'
      const failure = loadFailure(this.#spec, this.#native, -result, log)
      this.#native.dropLogs()
      throw failure
    }
    this.#native.dropLogs()
    this.#life.stage = 'loaded'
    for (const handle of this.#handles) handle.loaded(bpf_map__fd(handle.pointer))
    for (const section of this.#sections) section.loaded()
  }

  /** The stage may have changed while a thread loaded. */
  #isDestroyed(): boolean {
    return this.#life.stage === 'destroyed'
  }
}

/** linux/bpf.h: BPF_MAP_TYPE_STRUCT_OPS. */
const structOpsMap = 26

function openFailure(name: string, errno: number, log: string): BpfError {
  return new BpfError({
    operation: 'open',
    object: name,
    errno,
    reason: log.split('\n').at(-1) || undefined,
    log: log || undefined,
    hint: privilegeHint(errno),
  })
}

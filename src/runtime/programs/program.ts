import { privilegeHint } from '../capabilities.ts'
import type { Capability } from '../capabilities.ts'
import { BpfError } from '../error.ts'
import { EOPNOTSUPP } from '../ffi/errno.ts'
import type { Call } from '../ffi/library.ts'
import { errno } from '../ffi/library.ts'
import { fromLibbpf } from '../ffi/library.ts'
import {
  bpf_program__autoattach,
  bpf_program__autoload,
  bpf_program__fd,
  bpf_program__pin,
  bpf_program__section_name,
  bpf_program__set_autoattach,
  bpf_program__set_autoload,
  bpf_program__type,
  bpf_program__unpin,
} from '../ffi/object.ts'
import type { LinkOwner } from '../links/link.ts'
import { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { libbpfLink } from '../links/native.ts'
import { heard } from '../log.ts'
import type { TestRunOptions, TestRunResult } from './test-run.ts'
import { testRun } from './test-run.ts'

const bpf_program__attach = fromLibbpf('bpf_program__attach', 'uintptr_t', ['uintptr_t'])

/** Makes the class of one program type; generated modules name one a program, so that unused ones leave the bundle. */
export type ProgramKind<P extends Program = Program> = new (handle: ProgramHandle) => P

/** A program's native side. */
export interface ProgramHandle {
  readonly name: string
  /** `struct bpf_program *` */
  readonly pointer: number
  readonly links: LinkOwner
}

/** What every program has. */
export class Program {
  readonly #handle: ProgramHandle
  #attached: Link | undefined

  constructor(handle: ProgramHandle) {
    this.#handle = handle
  }

  get name(): string {
    return this.#handle.name
  }

  /** As in the C source: `tp_btf/sched_process_exec`. */
  get section(): string {
    return bpf_program__section_name(this.#readable('read section of'))
  }

  /** BPF_PROG_TYPE_ number. */
  get type(): number {
    return bpf_program__type(this.#readable('read type of'))
  }

  /** Its descriptor, borrowed: it closes with the skeleton. @throws {BpfError} `ERR_BPF_STATE` before load */
  get fd(): number {
    const fd = bpf_program__fd(this.pointer('use the descriptor of'))
    if (fd < 0) {
      throw new BpfError({
        code: 'ERR_BPF_STATE',
        operation: 'use the descriptor of',
        object: this.title,
        reason: 'load() left it out, since autoload is off',
      })
    }
    return fd
  }

  /** Off: load leaves it out. Of `SEC("?…")` it is off at first. */
  get autoload(): boolean {
    return bpf_program__autoload(this.#readable('read autoload of'))
  }

  set autoload(on: boolean) {
    const { life } = this.#handle.links
    life.requireOpen('set autoload of', this.title)
    const result = bpf_program__set_autoload(this.#handle.pointer, boolean('autoload', on))
    if (result < 0) throw this.failure('set autoload of', -result)
  }

  /** Off: `attach()` of the skeleton leaves it alone. */
  get autoattach(): boolean {
    return bpf_program__autoattach(this.#readable('read autoattach of'))
  }

  set autoattach(on: boolean) {
    bpf_program__set_autoattach(this.#readable('set autoattach of'), boolean('autoattach', on))
  }

  /**
   * Attaches as its section says.
   * @throws {BpfError} EOPNOTSUPP when the section names no target: use an attach function of its kind
   */
  attach(): Link {
    return this.link('attach', bpf_program__attach)
  }

  /** Makes it outlive the process under a path of a BPF file system. */
  pin(path: string): void {
    const result = bpf_program__pin(this.pointer('pin'), path)
    if (result < 0) throw this.failure('pin', -result)
  }

  unpin(path: string): void {
    const result = bpf_program__unpin(this.pointer('unpin'), path)
    if (result < 0) throw this.failure('unpin', -result)
  }

  /**
   * Runs it once, or `repeat` times, on a packet or context of ours, in the kernel.
   * @throws {BpfError} ENOTSUPP for program types that cannot
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return testRun(this, options)
  }

  /** Whether it has a live link, made by whatever function. @internal */
  get attached(): boolean {
    return this.#attached !== undefined && !this.#attached.destroyed
  }

  /** For messages. @internal */
  get title(): string {
    return `program ${this.name} of ${this.#handle.links.life.name}`
  }

  /** @internal */
  adopt(link: NativeLink): Link {
    this.#attached = new Link(this.#handle.links, this.title, link)
    return this.#attached
  }

  /** Runs one of libbpf's attach functions. @internal */
  protected link(
    operation: string,
    attach: Call<number>,
    ...args: (number | string | null)[]
  ): Link {
    const pointer = this.pointer(operation)
    const { result, log } = heard(() => {
      const link = attach(pointer, ...args)
      return { link, errno: link === 0 ? errno() : 0 }
    })
    if (result.link === 0) throw this.failure(operation, result.errno, log)
    return this.adopt(libbpfLink(result.link))
  }

  /** @internal */
  failure(operation: string, errno: number, log?: string): BpfError {
    return new BpfError({
      operation,
      object: this.title,
      errno,
      log: log || undefined,
      reason: log ? lastLine(log) : undefined,
      hint: privilegeHint(errno, this.capabilities) ?? this.#advice(errno),
    })
  }

  /** That loading and attaching it takes. @internal */
  get capabilities(): readonly Capability[] {
    return ['CAP_BPF', 'CAP_PERFMON']
  }

  #advice(errno: number): string | undefined {
    return errno === EOPNOTSUPP
      ? `SEC("${this.section}") names nothing to attach to by itself: use one of the program's attach functions that names the target`
      : undefined
  }

  /** `struct bpf_program *` of a loaded skeleton. @internal */
  pointer(operation: string): number {
    this.#handle.links.life.requireLoaded(operation, this.title)
    return this.#handle.pointer
  }

  #readable(operation: string): number {
    const { life } = this.#handle.links
    if (life.stage === 'destroyed' || life.stage === 'loading') {
      throw life.refusal(operation, this.title)
    }
    return this.#handle.pointer
  }
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be a boolean, not ${typeof value}`)
  return value
}

/** libbpf's telling one: `prog 'x': failed to create tracepoint …`. */
function lastLine(log: string): string | undefined {
  return log.trimEnd().split('\n').at(-1)
}

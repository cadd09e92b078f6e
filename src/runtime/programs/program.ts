import { registerDescriptor } from '../descriptors/descriptor.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import {
  bpf_program__fd,
  bpf_program__pin,
  bpf_program__section_name,
  bpf_program__type,
  bpf_program__unpin,
} from '../ffi/object.ts'
import { programPointers } from '../ffi/pointers.ts'
import { pinAdvice } from '../host/bpffs.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EOPNOTSUPP } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { AttachableProgram, Operation, OperationDetails } from '../links/attachable.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import type { ProgramInfo } from './info.ts'
import { programInfo } from './info.ts'
import type { NeededCapabilities } from './needed-capabilities.ts'
import { capabilitiesFor } from './needed-capabilities.ts'
import type { ProgramHandle } from './settings.ts'
import { handleOf, ProgramSettings, readablePointer } from './settings.ts'
import type { ProgramStream } from './stream.ts'
import { programStream } from './stream.ts'

const bpf_program__attach = fromLibbpf('ptr bpf_program__attach(ptr)')

/** A failed attach, for advice on it. */
export interface FailedAttach {
  readonly errno: number
  /** What libbpf logged. */
  readonly log: string
  /** Whether the section named the target, and not the arguments of an attach method. */
  readonly bySection: boolean
}

/** Makes the class of one program type; generated modules name one a program, so that unused ones leave the bundle. */
export type ProgramKind<P extends Program = Program> = new (handle: ProgramHandle) => P

/** A BPF program of any type. */
export class Program extends ProgramSettings implements AttachableProgram {
  #attached: Link | undefined

  /** The section, as in the C source: `tp_btf/sched_process_exec`. */
  get section(): string {
    return bpf_program__section_name(readablePointer(this, 'read section of'))
  }

  constructor(handle: ProgramHandle) {
    super(handle)
    registerDescriptor(this, () => this.#ownFd)
    programPointers.set(this, (operation) => {
      handle.links.life.requireLoaded(operation, this.title)
      return handle.pointer
    })
  }

  /**
   * A duplicate of the program's descriptor, which closes with the skeleton. If it was closed before, a new one is made.
   * @throws {BpfError} `ERR_BPF_STATE` before load
   */
  get fd(): number {
    return handleOf(this).userDescriptor.of(this.#ownFd, this.title)
  }

  get #ownFd(): number {
    const fd = bpf_program__fd(programPointers.get(this, 'use the descriptor of'))
    if (fd < 0) {
      throw new BpfError({
        code: 'ERR_BPF_STATE',
        operation: 'use the descriptor of',
        object: this.title,
        reason: 'load() left it out, because its autoload is false',
      })
    }
    return fd
  }

  /** The kernel's information on the program, with run statistics. @throws {BpfError} `ERR_BPF_STATE` before load */
  get info(): ProgramInfo {
    return programInfo(this.#ownFd, this.title)
  }

  /** The kernel's id of the program. */
  get id(): number {
    return this.info.id
  }

  get stdout(): ProgramStream {
    return programStream(this, 1)
  }

  get stderr(): ProgramStream {
    return programStream(this, 2)
  }

  /**
   * Attaches to the target that the section names.
   * @throws {BpfError} EOPNOTSUPP when the section names no target: use an attach method of its type
   */
  attach(): Link {
    return this.adopt(this.linkBySection() ?? linkByLibbpf(this, 'attach', bpf_program__attach))
  }

  /** Attaches to the target that the section names, where that is not left to libbpf. @internal */
  linkBySection(): NativeLink | undefined {
    return undefined
  }

  /** Pins the program to a path of a BPF file system, where it outlives the process. */
  pin(path: string): void {
    this.#move('pin', bpf_program__pin, path)
  }

  unpin(path: string): void {
    this.#move('unpin', bpf_program__unpin, path)
  }

  /** Whether the last link that was made is alive. @internal */
  get attached(): boolean {
    return this.#attached !== undefined && !this.#attached.destroyed
  }

  /** @internal */
  adopt(native: NativeLink): Link {
    return (this.#attached = this.makeLink(native))
  }

  /** @internal */
  protected makeLink(native: NativeLink): Link {
    return new Link(handleOf(this).links, this.title, native, this.linkInfoLayouts)
  }

  /** The layouts of bpf_link_info that its links have. @internal */
  protected get linkInfoLayouts(): LinkInfoLayouts {
    return {}
  }

  /** @param hint what to do, when nothing more specific is known @internal */
  failure(tried: Operation, errno: number, log = '', hint?: string): BpfError {
    const details: OperationDetails = typeof tried === 'string' ? { words: tried } : tried
    const { words: operation, need } = details
    const wanted = [...this.neededCapabilities.load, ...(need?.capabilities ?? [])]
    return new BpfError({
      operation,
      object: this.title,
      errno,
      log,
      reason: decisiveLine(log),
      hint:
        this.advice({ errno, log, bySection: operation === 'attach' }) ??
        privilegeHint(errno, wanted) ??
        details.hint?.(errno) ??
        hint,
    })
  }

  /** Says what to do when it could not be attached. @internal */
  advice({ errno, log, bySection }: FailedAttach): string | undefined {
    if (/\(did you load it\?\)|can't attach before loaded/.test(log)) {
      return 'load() left it out, because its autoload is false: set it to true before load()'
    }
    return bySection && errno === EOPNOTSUPP
      ? `SEC("${this.section}") names no target: use an attach method that names one`
      : undefined
  }

  /** Says what to do when the kernel refused to load it without a verifier log. @internal */
  loadAdvice(_errno: number, _log?: string): string | undefined {
    return undefined
  }

  /** The capabilities that this process needs to load and attach it. @internal */
  get neededCapabilities(): NeededCapabilities {
    return capabilitiesFor(bpf_program__type(handleOf(this).pointer))
  }

  #move(operation: string, call: typeof bpf_program__pin, path: string): void {
    const pointer = programPointers.get(this, operation)
    const { result, log } = captureLog(() => call(pointer, path))
    if (result < 0) throw this.failure(operation, -result, log, pinAdvice(-result))
  }
}

/** The line of libbpf's log that says why, `prog 'x': failed to create tracepoint …`. A line that says less may follow it. */
function decisiveLine(log: string): string | undefined {
  const lines = log.trimEnd().split('\n')
  const line = lines.findLast((line) => !/failed to auto-attach/.test(line)) ?? lines.at(-1)
  return line || undefined
}

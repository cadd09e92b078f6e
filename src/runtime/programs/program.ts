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

/** An attachment that failed. */
export interface FailedAttach {
  readonly errno: number
  /** What libbpf said. */
  readonly log: string
  /** It was to be attached where the section says, not by a function that says where. */
  readonly bySection: boolean
}

/** Makes the class of one program type; generated modules name one a program, so that unused ones leave the bundle. */
export type ProgramKind<P extends Program = Program> = new (handle: ProgramHandle) => P

/** What every program has. */
export class Program extends ProgramSettings implements AttachableProgram {
  #attached: Link | undefined

  /** As in the C source: `tp_btf/sched_process_exec`. */
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
   * A descriptor of it, a duplicate: it closes with the skeleton; closed before, it is made anew.
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
        reason: 'load() left it out, since autoload is off',
      })
    }
    return fd
  }

  /** What the kernel says of it, run statistics included. @throws {BpfError} `ERR_BPF_STATE` before load */
  get info(): ProgramInfo {
    return programInfo(this.#ownFd, this.title)
  }

  /** The number the kernel knows it by. */
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
   * Attaches as its section says.
   * @throws {BpfError} EOPNOTSUPP when the section names no target: use an attach function of its kind
   */
  attach(): Link {
    return this.adopt(this.linkBySection() ?? linkByLibbpf(this, 'attach', bpf_program__attach))
  }

  /** As its section says, where that is not left to libbpf. @internal */
  linkBySection(): NativeLink | undefined {
    return undefined
  }

  /** Makes it outlive the process under a path of a BPF file system. */
  pin(path: string): void {
    this.#move('pin', bpf_program__pin, path)
  }

  unpin(path: string): void {
    this.#move('unpin', bpf_program__unpin, path)
  }

  /** Whether it has a live link, made by whatever function. @internal */
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

  /** What its links are. @internal */
  protected get linkInfoLayouts(): LinkInfoLayouts {
    return {}
  }

  /** @param hint when nothing better is known @internal */
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

  /** What to do when it could not be attached. @internal */
  advice({ errno, log, bySection }: FailedAttach): string | undefined {
    if (/\(did you load it\?\)|can't attach before loaded/.test(log)) {
      return 'load() left it out, since autoload is off'
    }
    return bySection && errno === EOPNOTSUPP
      ? `SEC("${this.section}") names nothing to attach to by itself: use one of the program's attach functions that names the target`
      : undefined
  }

  /** What to do when the kernel refused to load it before its verifier read it. @internal */
  loadAdvice(_errno: number, _log?: string): string | undefined {
    return undefined
  }

  /** What this process must have to load and attach it. @internal */
  get neededCapabilities(): NeededCapabilities {
    return capabilitiesFor(bpf_program__type(handleOf(this).pointer))
  }

  #move(operation: string, call: typeof bpf_program__pin, path: string): void {
    const pointer = programPointers.get(this, operation)
    const { result, log } = captureLog(() => call(pointer, path))
    if (result < 0) throw this.failure(operation, -result, log, pinAdvice(-result))
  }
}

/** libbpf ends with the telling line, `prog 'x': failed to create tracepoint …`; after it comes one that says no more. */
function decisiveLine(log: string): string | undefined {
  const lines = log.trimEnd().split('\n')
  const line = lines.findLast((line) => !/failed to auto-attach/.test(line)) ?? lines.at(-1)
  return line || undefined
}

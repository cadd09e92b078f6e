import { Memo } from '../../codec/intrinsics.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import { DuplicateDescriptor } from '../descriptors/duplicate.ts'
import { boolean, uint32 } from '../ffi/arguments.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import type { Call } from '../ffi/library.ts'
import { scratch } from '../ffi/memory.ts'
import {
  bpf_program__autoattach,
  bpf_program__autoload,
  bpf_program__expected_attach_type,
  bpf_program__flags,
  bpf_program__log_buf,
  bpf_program__log_level,
  bpf_program__set_attach_target,
  bpf_program__set_autoattach,
  bpf_program__set_autoload,
  bpf_program__set_expected_attach_type,
  bpf_program__set_flags,
  bpf_program__set_ifindex,
  bpf_program__set_log_buf,
  bpf_program__set_log_level,
  bpf_program__section_name,
  bpf_program__set_type,
  bpf_program__type,
  libbpf_bpf_attach_type_str,
  libbpf_bpf_prog_type_str,
} from '../ffi/object.ts'
import { ESRCH } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { LinkOwner } from '../links/link.ts'
import { missingTargetHint } from './attach-targets.ts'
import { indexOfInterface } from './interface-index.ts'

/** The native side of a program. */
export class ProgramHandle {
  readonly name: string
  /** `struct bpf_program *` */
  pointer: number
  readonly links: LinkOwner
  /** The duplicate of the descriptor that users get. */
  readonly userDescriptor: DuplicateDescriptor
  /** What the verifier wrote while it accepted the program. */
  log = ''
  /** The arguments of the last setAttachTarget(). */
  attachTarget?: Parameters<ProgramSettings['setAttachTarget']>
  readonly #isOne = true

  constructor(
    name: string,
    pointer: number,
    links: LinkOwner,
    lent: DuplicateDescriptor = new DuplicateDescriptor(),
  ) {
    this.name = name
    this.pointer = pointer
    this.links = links
    this.userDescriptor = lent
  }

  /** Whether a value is one, and not an imitation of its shape. */
  static isHandle(value: object): value is ProgramHandle {
    return #isOne in value && value.#isOne
  }
}

const handles = /*#__PURE__*/ new Memo<ProgramSettings, ProgramHandle>()

/** Returns the native side of a program. Users cannot reach it, because wrong pointers could crash the process. */
export function handleOf(program: ProgramSettings): ProgramHandle {
  const handle = handles.get(program)
  if (!handle) throw new TypeError('this is not a program of a skeleton')
  return handle
}

/** libbpf's functions of a setting, and what of a value given it gets. */
type Setting = readonly [
  get: Call<number | boolean>,
  set: Call<number>,
  checked: (name: string, value: never) => number | boolean,
]

const settings = {
  autoload: [bpf_program__autoload, bpf_program__set_autoload, boolean],
  type: [bpf_program__type, bpf_program__set_type, numberOrName(libbpf_bpf_prog_type_str)],
  expectedAttachType: [
    bpf_program__expected_attach_type,
    bpf_program__set_expected_attach_type,
    numberOrName(libbpf_bpf_attach_type_str),
  ],
  flags: [bpf_program__flags, bpf_program__set_flags, uint32],
  logLevel: [bpf_program__log_level, bpf_program__set_log_level, uint32],
} as const satisfies Readonly<Record<string, Setting>>

/** The settings of a program between open and load: libbpf's setters in camelCase. */
export class ProgramSettings {
  readonly #handle: ProgramHandle
  #ifindex = 0

  constructor(handle: ProgramHandle) {
    if (!ProgramHandle.isHandle(handle))
      throw new TypeError('programs cannot be constructed: open() of a skeleton makes them')
    this.#handle = handle
    handles.set(this, handle)
  }

  get name(): string {
    return this.#handle.name
  }

  /** For messages. @internal */
  get title(): string {
    return `program ${this.name} of ${this.#handle.links.life.name}`
  }

  /** Whether load() loads it. False at first for `SEC("?…")`. */
  get autoload(): boolean {
    return this.#get('autoload')
  }

  set autoload(on: boolean) {
    this.#set('autoload', on)
  }

  /** Whether the skeleton's `attach()` attaches it. It may be set at any time. */
  get autoattach(): boolean {
    return bpf_program__autoattach(readablePointer(this, 'read autoattach of'))
  }

  set autoattach(on: boolean) {
    bpf_program__set_autoattach(
      readablePointer(this, 'set autoattach of'),
      boolean('autoattach', on),
    )
  }

  /** The BPF_PROG_TYPE_ number. It may be set by libbpf's name for it, `sched_cls`. */
  get type(): number {
    return this.#get('type')
  }

  set type(type: number | string) {
    this.#set('type', type)
  }

  /** The number of the bpf_attach_type. It may be set by libbpf's name for it, `cgroup_inet_egress`. */
  get expectedAttachType(): number {
    return this.#get('expectedAttachType')
  }

  set expectedAttachType(type: number | string) {
    this.#set('expectedAttachType', type)
  }

  /** The BPF_F_ flags of BPF_PROG_LOAD. */
  get flags(): number {
    return this.#get('flags')
  }

  set flags(flags: number) {
    this.#set('flags', flags)
  }

  /** Above 0 the verifier fills `log` even when it accepts the program: 1 its walk, 2 more of it, 4 statistics. */
  get logLevel(): number {
    return this.#get('logLevel')
  }

  set logLevel(level: number) {
    this.#set('logLevel', level)
  }

  /** The most bytes of log that the verifier may write. A longer one fails the load with ENOSPC. */
  get logSize(): number {
    return Number(this.#logBuffer('read logSize of').size)
  }

  set logSize(bytes: number) {
    const { address, size } = this.#logBuffer('set logSize of')
    if (uint32('logSize', bytes) > size) {
      throw new RangeError(`logSize must be at most ${size} bytes, not ${bytes}`)
    }
    this.#change('logSize', (program) => bpf_program__set_log_buf(program, address, bytes))
  }

  /** What the verifier wrote when it accepted the program; empty with `logLevel` 0. */
  get log(): string {
    return this.#handle.log
  }

  /** The index of the network device that the program is offloaded to; 0 for none. It may be set by the device's name. */
  get ifindex(): number {
    return this.#ifindex
  }

  set ifindex(device: number | string) {
    this.#handle.links.life.requireOpen('set ifindex of', this.title)
    this.#ifindex = device === 0 ? 0 : indexOfInterface(device)
    bpf_program__set_ifindex(this.#handle.pointer, this.#ifindex)
  }

  /**
   * Sets the target of a program that attaches by BTF (tp_btf, fentry and the like, LSM, freplace), instead of the one in
   * its section.
   * @param target the loaded program that has the function, or its descriptor; null for the kernel
   * @throws {BpfError} ESRCH when there is no such function
   */
  setAttachTarget(target: { readonly fd: number } | number | null, functionName: string): void {
    this.#handle.links.life.requireOpen('set the attach target of', this.title)
    const fd = target === null ? 0 : descriptor(target, 'setAttachTarget() takes a program')
    const { result, log } = captureLog(() =>
      bpf_program__set_attach_target(this.#handle.pointer, fd, functionName),
    )
    if (result < 0) {
      const section = bpf_program__section_name(this.#handle.pointer)
      // libbpf 1.1 says nothing of a name that kernel BTF does not have.
      const hint =
        target === null && -result === ESRCH ? missingTargetHint(section, functionName) : undefined
      throw this.#refused(`set the attach target ${functionName} of`, -result, log, hint)
    }
    this.#handle.attachTarget = [target, functionName]
  }

  #get<N extends keyof typeof settings>(name: N): ReturnType<(typeof settings)[N][0]> {
    type Value = ReturnType<(typeof settings)[N][0]>
    return settings[name][0](readablePointer(this, `read ${name} of`)) as Value
  }

  #set(name: keyof typeof settings, value: number | boolean | string): void {
    const [, set, checked]: Setting = settings[name]
    const argument = checked(name, value as never)
    this.#change(name, (program) => set(program, argument))
  }

  #change(name: string, change: (program: number) => number): void {
    this.#handle.links.life.requireOpen(`set ${name} of`, this.title)
    const result = change(this.#handle.pointer)
    if (result < 0) throw this.#refused(`set ${name} of`, -result)
  }

  #logBuffer(operation: string): { address: number; size: bigint } {
    const size = scratch(8)
    const address = bpf_program__log_buf(readablePointer(this, operation), size.buffer)
    return { address, size: size.data.getBigUint64(0, true) }
  }

  #refused(operation: string, errno: number, log?: string, hint?: string): BpfError {
    const reason = log ? log.split('\n').at(-1) : undefined
    return new BpfError({ operation, object: this.title, errno, reason, log, hint })
  }
}

/** Returns the `struct bpf_program *`. @throws {BpfError} when the skeleton is destroyed or loading */
export function readablePointer(program: ProgramSettings, operation: string): number {
  const { links, pointer } = handleOf(program)
  const { stage } = links.life
  if (stage === 'destroyed' || stage === 'loading') {
    throw links.life.refusal(operation, program.title)
  }
  return pointer
}

/** More than either enum has constants. */
const maxTypes = 256

/*#__NO_SIDE_EFFECTS__*/
function numberOrName(
  nameOf: Call<string | null>,
): (name: string, type: number | string) => number {
  return (what, type) => {
    if (typeof type !== 'string') return uint32(what, type)
    for (let number = 0; number < maxTypes; number++) if (nameOf(number) === type) return number
    throw new TypeError(
      `the installed libbpf knows no ${what} ${JSON.stringify(type)}: give another name, or the number in linux/bpf.h`,
    )
  }
}

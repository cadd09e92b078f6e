import { errnoMeaning, errnoName } from './errno.ts'

/** Codes of failures without an errno. All other codes are the name of an errno: `EPERM`. */
export type BpfErrorCode =
  | 'ERR_BPF_STATE'
  | 'ERR_BPF_UNSUPPORTED'
  | 'ERR_BPF_DESTROYED'
  | 'ERR_BPF_MALFORMED'
  | (string & {})

export interface BpfErrorDetails {
  /** What was tried, as it follows "cannot": `load`, `attach XDP to eth0 with`. */
  operation: string
  /** What it was tried on: `program on_exec of trace_bpf`. */
  object?: string | undefined
  /** Why it failed. The errno's meaning is used when it is empty or absent. */
  reason?: string | undefined
  code?: BpfErrorCode | undefined
  /** Positive, as in errno(3). */
  errno?: number | undefined
  /** What libbpf or the kernel wrote about it. Empty is the same as absent. */
  log?: string | undefined
  /** What to do. */
  hint?: string | undefined
  cause?: unknown
}

/** The error for what libbpf, the kernel or the order of calls refuses. */
export class BpfError extends Error {
  override readonly name: string = 'BpfError'
  readonly code: BpfErrorCode
  /** Positive, as in errno(3). */
  readonly errno: number | undefined
  readonly operation: string
  readonly object: string | undefined
  readonly log: string | undefined
  readonly hint: string | undefined

  constructor(details: BpfErrorDetails) {
    super(sentence(details), details.cause === undefined ? undefined : { cause: details.cause })
    this.code =
      details.code ?? (details.errno === undefined ? 'ERR_BPF_STATE' : errnoName(details.errno))
    this.errno = details.errno
    this.operation = details.operation
    this.object = details.object
    this.log = details.log || undefined
    this.hint = details.hint
  }
}

function sentence({ operation, object, reason, errno, hint }: BpfErrorDetails): string {
  const what = object === undefined ? operation : operationOn(operation, object)
  const because = reason || (errno !== undefined && errnoMeaning(errno)) || 'refused'
  const words = [`cannot ${what}: ${because}`, ...(hint === undefined ? [] : [hint])]
  const name = errno === undefined ? '' : ` (${errnoName(errno)})`
  return `${words.map((part) => part.replace(/\.$/, '')).join('. ')}${name}`
}

/** Puts the object behind the verb: `attach to lo`, `program drop` become `attach program drop to lo`. */
function operationOn(operation: string, object: string): string {
  const [, verb = operation, target = ''] = /^(\w+)( to .+)$/s.exec(operation) ?? []
  return `${verb} ${object}${target}`
}

/** Makes the error for a call at the wrong time; `reason` says what to do instead. */
export function stateError(operation: string, object: string, reason: string): BpfError {
  return new BpfError({ code: 'ERR_BPF_STATE', operation, object, reason })
}

/** Makes the error for what this machine, libbpf or kernel cannot do. */
export function unsupported(
  operation: string,
  object: string | undefined,
  reason: string,
  hint?: string,
): BpfError {
  return new BpfError({ code: 'ERR_BPF_UNSUPPORTED', operation, object, reason, hint })
}

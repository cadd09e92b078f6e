import { BpfError, unsupported } from './error.ts'
import { errnoOf, statOf } from './files.ts'

/** Where tracefs may be mounted; the second is where debugfs mounts it. */
const mountPoints = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

const notMounted = [
  'tracefs is not mounted',
  `Mount it as root: mount -t tracefs tracefs ${mountPoints[0]}; in a container, mount the host's: docker run -v ${mountPoints[0]}:${mountPoints[0]}:ro`,
] as const

const notReadable =
  'Run as root, or with CAP_DAC_READ_SEARCH, or let a group read it: mount -o remount,mode=750,gid=GROUP ' +
  `${mountPoints[0]}. SEC("tp_btf/NAME") attaches to the same tracepoints without tracefs`

/**
 * Returns the folder where tracefs is mounted.
 * @throws {BpfError} EACCES when only root may read it; `ERR_BPF_UNSUPPORTED` where it is not mounted
 */
export function tracefs(operation: string, object: string): string {
  const { folder, refused } = findTracefs()
  if (folder !== undefined) return folder
  if (refused !== undefined) throw tracefsFailure(operation, object, refused)
  throw unsupported(operation, object, ...notMounted)
}

/** Says what to do when libbpf's log is about tracefs or a tracepoint; undefined where tracefs is readable. */
export function tracefsAdvice(log: string): string | undefined {
  if (!/\btracepoint\b|\btracefs\b/.test(log)) return undefined
  const { folder, refused } = findTracefs()
  if (folder !== undefined) return undefined
  if (refused !== undefined) return tracefsFailure('read', 'tracefs', refused).hint
  const [, hint] = notMounted
  return `Tracefs is not mounted. ${hint}. Or use SEC("tp_btf/NAME"), which needs no tracefs`
}

function findTracefs(): { readonly folder?: string; readonly refused?: unknown } {
  let refused: unknown
  for (const folder of mountPoints) {
    try {
      statOf(`${folder}/events`)
      return { folder }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') refused ??= cause
    }
  }
  return { refused }
}

/** Makes the error for a file of tracefs that cannot be read. @param hint for other causes than missing privilege */
export function tracefsFailure(
  operation: string,
  object: string,
  cause: unknown,
  hint?: string,
): BpfError {
  const { code } = cause as NodeJS.ErrnoException
  const refused = code === 'EACCES' || code === 'EPERM'
  return new BpfError({
    operation,
    object,
    errno: errnoOf(cause),
    reason: refused ? 'only root may read tracefs' : undefined,
    hint: refused ? notReadable : hint,
    cause,
  })
}

import { BpfError, unsupported } from './error.ts'
import { errnoOf, statOf } from './files.ts'

/** Where it is mounted: by itself, or of old inside of debugfs. */
const mountPoints = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

const notMounted = [
  'tracefs is not mounted',
  `Mount it as root: mount -t tracefs tracefs ${mountPoints[0]}; in a container, mount the host's: docker run -v ${mountPoints[0]}:${mountPoints[0]}:ro`,
] as const

const notReadable =
  'Run as root, or with CAP_DAC_READ_SEARCH, or let a group read it: mount -o remount,mode=750,gid=GROUP ' +
  `${mountPoints[0]}. SEC("tp_btf/NAME") attaches to the same tracepoints without tracefs`

/**
 * The folder of the kernel's tracing.
 * @throws {BpfError} EACCES when only root may look; `ERR_BPF_UNSUPPORTED` where it is not mounted
 */
export function tracefs(operation: string, object: string): string {
  const { place, refused } = findTracefs()
  if (place !== undefined) return place
  if (refused !== undefined) throw tracefsFailure(operation, object, refused)
  throw unsupported(operation, object, ...notMounted)
}

/** What to do when libbpf, by its log, found no tracepoint or probe in it; undefined where it can be looked into. */
export function tracefsAdvice(log: string): string | undefined {
  if (!/\btracepoint\b|\btracefs\b/.test(log)) return undefined
  const { place, refused } = findTracefs()
  if (place !== undefined) return undefined
  if (refused !== undefined) return tracefsFailure('read', 'tracefs', refused).hint
  const [, hint] = notMounted
  return `Tracefs is not mounted. ${hint}. Or use SEC("tp_btf/NAME"), which needs no tracefs`
}

function findTracefs(): { readonly place?: string; readonly refused?: unknown } {
  let refused: unknown
  for (const place of mountPoints) {
    try {
      statOf(`${place}/events`)
      return { place }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') refused ??= cause
    }
  }
  return { refused }
}

/** Of an error of files.ts on one of its files. @param hint when it is not that only root may */
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

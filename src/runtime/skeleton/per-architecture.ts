import { hostArch } from '../../uapi/target-arch.ts'
import { unsupported } from '../host/error.ts'

/** Which of several objects is this machine's, for a skeleton of that name. */
export type OwnObject = (skeleton: string) => string

/** An ELF object in base64, and the architectures that it is for, named as in the option `arch`. */
interface ObjectOf {
  readonly arch: readonly string[]
  readonly object: string
}

/**
 * Chooses among objects. The result throws a BpfError `ERR_BPF_UNSUPPORTED` when there is none for this machine.
 */
export function perArchitecture(objects: readonly ObjectOf[]): OwnObject {
  return (skeleton) => {
    const host = hostArch()
    const own = objects.find(({ arch }) => arch.includes(host))
    if (own) return own.object
    const arches = objects.flatMap(({ arch }) => arch)
    throw unsupported(
      'open',
      skeleton,
      `it was compiled for ${arches.join(' and ')}, and this machine is ${host}`,
      `Build it with ${host} in the option arch`,
    )
  }
}

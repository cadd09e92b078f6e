import { hostArch } from '../../uapi/target-arch.ts'
import { unsupported } from '../host/error.ts'

/** Returns this machine's object, in base64. @param skeleton its name, for the error when there is none */
export type ObjectForHost = (skeleton: string) => string

/** An ELF object in base64, and the architectures it was compiled for, named as in the option `arch`. */
interface ObjectForArchitectures {
  readonly arch: readonly string[]
  readonly object: string
}

/** Chooses among objects. The result throws a BpfError `ERR_BPF_UNSUPPORTED` when there is none for this machine. */
export function perArchitecture(objects: readonly ObjectForArchitectures[]): ObjectForHost {
  return (skeleton) => {
    const host = hostArch()
    const found = objects.find(({ arch }) => arch.includes(host))
    if (found) return found.object
    const arches = objects.flatMap(({ arch }) => arch)
    throw unsupported(
      'open',
      skeleton,
      `it was compiled for ${arches.join(' and ')}, and this machine is ${host}`,
      `Build it with ${host} in the option arch`,
    )
  }
}

import { hostArch } from '../host/architecture.ts'
import { unsupported } from '../host/error.ts'

/** Which of several objects is this machine's, for a skeleton of that name. */
export type OwnObject = (skeleton: string) => string

/**
 * Of ELF objects in base64, each by its architecture's name in the option `arch`. What it gives throws a BpfError
 * `ERR_BPF_UNSUPPORTED` when there is none for this machine.
 */
export function perArchitecture(objects: Readonly<Record<string, string>>): OwnObject {
  return (skeleton) => {
    const host = hostArch()
    const own = Object.hasOwn(objects, host) ? objects[host] : undefined
    if (own !== undefined) return own
    throw unsupported(
      'open',
      skeleton,
      `it was compiled for ${Object.keys(objects).join(' and ')}, and this machine is ${host}`,
      `Build it with ${host} in the option arch`,
    )
  }
}

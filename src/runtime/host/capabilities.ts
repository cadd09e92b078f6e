import { EACCES, ENOSYS, EPERM } from './errno.ts'
import { exists, readText } from './files.ts'

/** include/uapi/linux/capability.h */
const capabilityBits = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const
export type Capability = keyof typeof capabilityBits

/** Capabilities that CAP_SYS_ADMIN implies (include/linux/capability.h: bpf_capable, perfmon_capable). */
export const impliedBySysAdmin: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON']

/** Lists the wanted capabilities that are not in effect in this process; none where /proc is not mounted. */
export function missingCapabilities(wanted: readonly Capability[]): Capability[] {
  if (!capabilitiesAreKnown()) return []
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status'))
  const effective = BigInt(`0x${line?.[1] ?? '0'}`)
  const has = (name: Capability): boolean =>
    ((effective >> BigInt(capabilityBits[name])) & 1n) === 1n
  const isAdmin = has('CAP_SYS_ADMIN')
  return wanted.filter((name) => !has(name) && !(isAdmin && impliedBySysAdmin.includes(name)))
}

const noBpfReason =
  'bpf(2) is missing: this kernel is built without CONFIG_BPF_SYSCALL, or a sandbox (gVisor, a seccomp profile) hides it'

/** Whether /proc tells this process's capabilities. Sandboxes and bare chroots have no /proc. */
export function capabilitiesAreKnown(): boolean {
  return exists('/proc/self/status')
}

/**
 * Says what to do about EPERM, EACCES or ENOSYS; undefined for other errors.
 * @param wanted all capabilities that the operation needs
 */
export function privilegeHint(
  errno: number,
  wanted: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON'],
): string | undefined {
  if (errno === ENOSYS) return noBpfReason
  if (errno !== EPERM && errno !== EACCES) return undefined
  if (!capabilitiesAreKnown()) {
    return `/proc is not mounted, so nothing tells whether this process has ${wanted.join(' and ')}: mount -t proc proc /proc`
  }
  const missing = missingCapabilities(wanted)
  if (missing.length > 0)
    return `This process lacks ${missing.join(' and ')}. ${grantAdvice(wanted)}`
  if (errno !== EPERM) return undefined
  return inUserNamespace()
    ? `This process has ${wanted.join(' and ')} in a user namespace only, as in rootless containers, and the kernel asks for them outside of it`
    : `This process has ${wanted.join(' and ')}, so something else refuses it: a security module, seccomp, lockdown or the kernel's configuration`
}

/** Says how to get capabilities. It names all that are wanted, since `setcap` replaces those that the file has. */
export function grantAdvice(wanted: readonly Capability[]): string {
  if (process.geteuid?.() === 0) {
    const flags = wanted.map((name) => `--cap-add=${name.slice('CAP_'.length)}`).join(' ')
    return `Start the container, or the service, that it runs in with more capabilities: docker run ${flags}`
  }
  const list = wanted.map((name) => name.toLowerCase()).join(',')
  return `Run it as root (sudo), or give a copy of node what it needs: setcap ${list}+ep ./node`
}

/** Whether this process is in a user namespace other than the first, which maps all user ids (user_namespaces(7)). */
export function inUserNamespace(): boolean {
  return readText('/proc/self/uid_map').trim().split(/\s+/).join() !== '0,0,4294967295'
}

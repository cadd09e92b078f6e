import { EACCES, ENOSYS, EPERM } from './errno.ts'
import { exists, readText } from './files.ts'

/** include/uapi/linux/capability.h */
const bits = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const
export type Capability = keyof typeof bits

/** Those of `wanted` that this process is known not to have in effect. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON. */
export function missingCapabilities(wanted: readonly Capability[]): Capability[] {
  if (!capabilitiesAreKnown()) return []
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status'))
  const effective = BigInt(`0x${line?.[1] ?? '0'}`)
  const has = (name: Capability): boolean => ((effective >> BigInt(bits[name])) & 1n) === 1n
  return wanted.filter((name) => !has(name) && (name === 'CAP_NET_ADMIN' || !has('CAP_SYS_ADMIN')))
}

const withoutBpf =
  'bpf(2) is missing: this kernel is built without CONFIG_BPF_SYSCALL, or a sandbox (gVisor, a seccomp profile) hides it'

/** Sandboxes and bare chroots have no /proc, which says which there are. */
export function capabilitiesAreKnown(): boolean {
  return exists('/proc/self/status')
}

/** What to do about EPERM or EACCES; undefined of other errors. */
export function privilegeHint(
  errno: number,
  wanted: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON'],
): string | undefined {
  if (errno === ENOSYS) return withoutBpf
  if (errno !== EPERM && errno !== EACCES) return undefined
  if (!capabilitiesAreKnown()) {
    return `/proc is not mounted, so nothing tells whether this process has ${wanted.join(' and ')}: mount -t proc proc /proc`
  }
  const missing = missingCapabilities(wanted)
  if (missing.length === 0) {
    if (errno !== EPERM) return undefined
    const refuser = inUserNamespace()
      ? 'but in a user namespace, as rootless containers are: BPF takes them outside of any'
      : "a security module, seccomp, lockdown or the kernel's configuration refuses it"
    return `This process has ${wanted.join(' and ')}: ${refuser}`
  }
  const list = missing.map((name) => name.toLowerCase()).join(',')
  return (
    `This process lacks ${missing.join(' and ')}: run it as root (sudo), or give the capabilities to a copy of node ` +
    `(setcap ${list}+ep)`
  )
}

/** Whether the capabilities of this process are those of a namespace's own root. user_namespaces(7): the first one maps all. */
export function inUserNamespace(): boolean {
  return readText('/proc/self/uid_map').trim().split(/\s+/).join() !== '0,0,4294967295'
}

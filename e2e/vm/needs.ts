import type { Run } from './guest/scenario.ts'

/** What a scenario takes beyond the oldest kernel and libbpf of the matrix. */
export interface Need {
  readonly kernel?: string
  /** The kernel on arm64, where that came later. */
  readonly arm64?: string
  readonly libbpf?: string
  /** What the error says where that is not to be had. */
  readonly says: RegExp
}

export const needs: Readonly<Record<string, Need>> = {
  // Debian builds 6.1 without CONFIG_FPROBE.
  'kprobe.multi': { kernel: '6.12', arm64: '6.14', says: /CONFIG_FPROBE/ },
  attachKprobeMulti: { kernel: '6.12', arm64: '6.14', says: /CONFIG_FPROBE/ },
  'kprobe_multi replaced': { kernel: '6.12', arm64: '6.14', says: /CONFIG_FPROBE/ },
  'kprobe.session': { kernel: '6.12', arm64: '6.14', says: /CONFIG_FPROBE|Linux 6\.10/ },
  netkit: { kernel: '6.12', says: /this kernel has none|Linux 6\.7/ },
  streams: { kernel: '7.3', says: /Linux 6\.17/ },
  'uprobe.multi': { kernel: '6.6', says: /Linux 6\.6/ },
  attachTracingMulti: { kernel: '7.3', says: /Linux 7\.3/ },
  'fentry.multi': { kernel: '7.3', libbpf: '1.8', says: /libbpf 1\.8|Linux 7\.3/ },
  tcx: { kernel: '6.6', says: /Linux 6\.6/ },
  'overwriting ring buffer': { kernel: '6.19', says: /Linux 6\.19/ },
  'overwriting ring buffer, flooded': { kernel: '6.19', says: /Linux 6\.19/ },
  arena: { kernel: '6.9', libbpf: '1.4', says: /libbpf 1\.4|Linux 6\.9/ },
}

/** Whether the run's kernel (`6.1.0-56-cloud-amd64`) and libbpf (`v1.1`) have what a scenario takes. */
export function isMet(need: Need, { release, architecture, libbpf }: Run): boolean {
  const kernel = (architecture === 'arm64' ? need.arm64 : undefined) ?? need.kernel
  return isAtLeast(release, kernel) && isAtLeast(libbpf, need.libbpf)
}

function isAtLeast(version: string, least = '0.0'): boolean {
  const [major = 0, minor = 0] = numbers(version)
  const [leastMajor = 0, leastMinor = 0] = numbers(least)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}

function numbers(version: string): number[] {
  return version.match(/\d+/g)?.map(Number) ?? []
}

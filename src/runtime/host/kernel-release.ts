import { release } from 'node:os'

/** Whether the running kernel has this version (`6.9`) or a newer one. Older ones of distributions may have its features, too. */
export function kernelIsAtLeast(wanted: string): boolean {
  const [major = 0, minor = 0] = numbers(release())
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10))
}

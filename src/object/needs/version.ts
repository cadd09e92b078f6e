/** A kernel release, such as `5.8`. */
export type Version = `${number}.${number}`

/** The names that each release added, separated by spaces. */
export type Releases = readonly (readonly [since: Version, names: string])[]

export function byName(releases: Releases): ReadonlyMap<string, Version> {
  return new Map(
    releases.flatMap(([since, names]) => names.split(/\s+/u).map((name) => [name, since] as const)),
  )
}

/** Compares releases; negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let part = 0; part < 3; part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

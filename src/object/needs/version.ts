/** A kernel release: `5.8`, or a user's `5.15.3`. */
export type Version = `${number}.${number}`

/** What a release brought, names separated by spaces. */
export type Releases = readonly (readonly [since: Version, names: string])[]

export function byName(releases: Releases): ReadonlyMap<string, Version> {
  return new Map(
    releases.flatMap(([since, names]) => names.split(/\s+/u).map((name) => [name, since] as const)),
  )
}

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let part = 0; part < 3; part++) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

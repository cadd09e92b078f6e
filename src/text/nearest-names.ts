/** The most names that a message offers. */
const maxNames = 3

/** Returns the names that a mistyped one may stand for, nearest first. Upper and lower case count as the same. */
export function nearestNames(name: string, names: Iterable<string>): string[] {
  const maxEdits = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 6))
  const typed = name.toLowerCase()
  const near: { readonly name: string; readonly edits: number }[] = []
  for (const candidate of names) {
    if (candidate === name || Math.abs(candidate.length - name.length) > maxEdits) continue
    const edits = editDistance(typed, candidate.toLowerCase())
    if (edits <= maxEdits) near.push({ name: candidate, edits })
  }
  const sorted = near.toSorted((a, b) => a.edits - b.edits).map((each) => each.name)
  return [...new Set(sorted)].slice(0, maxNames)
}

/** Returns ` (did you mean a, b?)`, to follow the name in a message; an empty string when no name is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestNames(name, names)
  return near.length === 0 ? '' : ` (did you mean ${near.join(', ')}?)`
}

/** The Levenshtein distance: characters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

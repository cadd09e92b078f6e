const maxNames = 3

/** Those of the names that a mistyped one may have meant, nearest first. */
export function nearestNames(name: string, names: Iterable<string>): string[] {
  const mostEdits = Math.max(2, Math.floor(name.length / 6))
  const near: { readonly name: string; readonly edits: number }[] = []
  for (const candidate of names) {
    if (candidate === name || Math.abs(candidate.length - name.length) > mostEdits) continue
    const edits = editDistance(name, candidate)
    if (edits <= mostEdits) near.push({ name: candidate, edits })
  }
  const sorted = near.toSorted((a, b) => a.edits - b.edits).map((each) => each.name)
  return [...new Set(sorted)].slice(0, maxNames)
}

/** ` (did you mean a, b?)`, to follow the name; empty when nothing is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestNames(name, names)
  return near.length === 0 ? '' : ` (did you mean ${near.join(', ')}?)`
}

/** Levenshtein: letters to insert, remove or replace. */
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

const utf8 = new TextEncoder()

/** Writes a string table, and the offset of each name. A name that is the end of another one shares its bytes. */
export function writeStringTable(names: Iterable<string>): {
  bytes: Uint8Array
  offsets: Map<string, number>
} {
  // Reversed names sort so that the end of a name comes right behind the name.
  const backwards = new Map<string, string>()
  for (const name of names) backwards.set([...name].toReversed().join(''), name)
  const sorted = [...backwards.keys()].toSorted().toReversed()

  const offsets = new Map([['', 0]])
  const parts = [Uint8Array.of(0)]
  let size = 1
  let previous = ''
  for (const reversed of sorted) {
    if (reversed === '') continue
    const name = backwards.get(reversed) ?? ''
    const bytes = utf8.encode(`${name}\0`)
    if (previous.startsWith(reversed)) {
      offsets.set(name, size - bytes.length)
    } else {
      offsets.set(name, size)
      parts.push(bytes)
      size += bytes.length
      previous = reversed
    }
  }
  return { bytes: Buffer.concat(parts), offsets }
}

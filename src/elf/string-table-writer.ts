const utf8 = new TextEncoder()

/** A string table of the names, where one that ends another shares its bytes, and each one's place. */
export function writeStringTable(names: Iterable<string>): {
  bytes: Uint8Array
  offsets: Map<string, number>
} {
  // Read from its end, a name sorts right behind those that it ends.
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

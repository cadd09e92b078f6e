/** Bytes of a name: C++ has names of tens of thousands. */
const longestName = 1 << 16

/** The name at `at`, up to a control character, the end or a bound; bad UTF-8 as U+FFFD. */
export function readName(text: Uint8Array, at: number): string {
  let end = at
  while ((text[end] ?? 0) > 0x1f && end - at < longestName) end++
  return new TextDecoder().decode(text.subarray(at, end))
}

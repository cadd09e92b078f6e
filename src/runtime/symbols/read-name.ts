/** The most bytes of a name that are read. C++ has names of tens of thousands. */
const maxNameSize = 1 << 16

/** Reads the name that starts at `at` and ends before a control character or with the text. Bad UTF-8 reads as U+FFFD. */
export function readName(text: Uint8Array, at: number): string {
  let end = at
  while ((text[end] ?? 0) > 0x1f && end - at < maxNameSize) end++
  return new TextDecoder().decode(text.subarray(at, end))
}

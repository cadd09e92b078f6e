/** The name at `at`, up to a control character or the end; bad UTF-8 as U+FFFD. */
export function readName(text: Uint8Array, at: number): string {
  let end = at
  while ((text[end] ?? 0) > 0x1f) end++
  return new TextDecoder().decode(text.subarray(at, end))
}

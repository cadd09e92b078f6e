/** The first item of two lists that differs, with what comes around it; undefined when they are equal. */
export function firstDifference(
  wanted: readonly string[],
  got: readonly string[],
  { around = 0, glue = '\n' }: { readonly around?: number; readonly glue?: string } = {},
): string | undefined {
  const length = Math.max(wanted.length, got.length)
  for (let at = 0; at < length; at++) {
    if (wanted[at] === got[at]) continue
    const show = (list: readonly string[]): string =>
      JSON.stringify(list.slice(Math.max(0, at - around), at + around + 1).join(glue))
    return `bpftool ${show(wanted)}, here ${show(got)}`
  }
  return undefined
}

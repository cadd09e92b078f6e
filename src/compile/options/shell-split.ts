/** Splits flags as a shell would: on blanks, but not inside quotes; a backslash takes the next as it is. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs) ?? []
  return words.map((word) =>
    word.replaceAll(/\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs, (_, escaped, double, single) =>
      String(escaped ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? single),
    ),
  )
}

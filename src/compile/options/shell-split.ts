/** Splits flags as a shell does: on blanks outside quotes; a backslash quotes the next character. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs) ?? []
  return words.map((word) =>
    word.replaceAll(/\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs, (_, escaped, double, single) =>
      String(escaped ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? single),
    ),
  )
}

/**
 * The prerequisites of a Make depfile's first rule (`clang -MD`), in order, as written there.
 *
 * Escapes are clang's (DependencyFile.cpp: PrintFilename): a space is `\ `, with the backslashes
 * before it doubled; `\#` a hash, `$$` a dollar; a backslash at a line's end goes on to the next.
 */
export function parseDepfile(text: string): string[] {
  const rule = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/, 1)[0] ?? ''
  const prerequisites = /(?:^|[^\\]):(?=\s|$)(.*)/s.exec(rule)?.[1] ?? ''
  const names = prerequisites.match(/(?:\\+[ #]|[^ \t])+/g) ?? []
  return names.map(unescape)
}

const unescape = (name: string): string =>
  name.replaceAll(/(\\+) |\\#|\$\$/g, (escape: string, backslashes: string | undefined) => {
    if (backslashes !== undefined) return `${'\\'.repeat((backslashes.length - 1) / 2)} `
    return escape === '$$' ? '$' : '#'
  })

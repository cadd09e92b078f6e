/**
 * Returns the prerequisites of the first rule of a Make depfile (`clang -MD`), in order.
 *
 * clang escapes a space as `\ ` and doubles the backslashes before it, a hash as `\#`, and a dollar as `$$`
 * (DependencyFile.cpp: PrintFilename). A backslash at the end of a line continues it.
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

import type { Token } from './c-tokens.ts'

/**
 * What comments say, without their marks, margins and empty lines around; lines end in `\n`. Safe
 * inside a JSDoc comment: it cannot end one.
 */
export function commentText(comments: readonly Token[]): string {
  const lines = comments.flatMap(({ text }) =>
    text.startsWith('//') ? lineText(text) : blockText(text),
  )
  const first = lines.findIndex((line) => line !== '')
  const last = lines.findLastIndex((line) => line !== '')
  return withoutIndent(lines.slice(first === -1 ? 0 : first, last + 1))
    .join('\n')
    .replaceAll('*/', '* /')
}

/** Doxygen's marks, too: `/**<`, `//!`. */
function lineText(text: string): string[] {
  return text.split(/\\\r?\n/).map((line) => clean(line.replace(/^\/\/[/!]*<?/, '')))
}

function blockText(text: string): string[] {
  const inner = text.replace(/^\/\*[*!]*<?/, '').replace(/\**\/$/, '')
  const [first = '', ...others] = inner.split('\n')
  return [
    clean(first).trimStart(),
    ...others.map((line) => clean(line.replace(/^\s*\*+(?=\s|$)/, ''))),
  ]
}

function clean(line: string): string {
  // Control characters would reach the declarations; a tab is what margins are made of.
  return line
    .replaceAll('\t', '    ')
    .replaceAll(/\p{Cc}/gu, '')
    .trimEnd()
}

function withoutIndent(lines: readonly string[]): string[] {
  const [, ...others] = lines
  const indents = others.filter((line) => line !== '').map((line) => line.search(/\S/))
  const indent = indents.length === 0 ? 0 : Math.min(...indents)
  return lines.map((line, index) => (index === 0 ? line.trimStart() : line.slice(indent)))
}

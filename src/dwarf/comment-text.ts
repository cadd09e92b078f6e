import type { Token } from './c-tokens.ts'

/**
 * Returns the text of comments without their marks, margins and the empty lines around them. Lines end in `\n`. The text
 * cannot end a JSDoc comment.
 */
export function commentText(comments: readonly Token[]): string {
  const [first] = comments
  const isBlock = first !== undefined && !first.text.startsWith('//')
  const lines = isBlock ? blockLines(first.text) : withoutIndent(comments.flatMap(lineLines))
  const start = lines.findIndex((line) => line !== '')
  const end = lines.findLastIndex((line) => line !== '')
  return lines
    .slice(start === -1 ? 0 : start, end + 1)
    .join('\n')
    .replaceAll('*/', '* /')
}

/** Returns the lines of a line comment, without Doxygen's marks either: `//!<`, `/**<`. */
function lineLines({ text }: Token): string[] {
  return text.split(/\\\r?\n/).map((line) => clean(line.replace(/^\/\/[/!]*<?/, '')))
}

function blockLines(text: string): string[] {
  const inner = text.replace(/^\/\*[*!]*<?/, '').replace(/\**\/$/, '')
  const [first = '', ...others] = inner.split('\n')
  const margin = /^\s*\*+(?=\s|$)/
  return [
    clean(first).trim(),
    ...withoutIndent(others.map((line) => clean(line.replace(margin, '')))),
  ]
}

/** Removes control characters, which would reach the generated declarations. */
function clean(line: string): string {
  return line
    .replaceAll('\t', '    ')
    .replaceAll(/\p{Cc}/gu, '')
    .trimEnd()
}

function withoutIndent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line !== '').map((line) => line.search(/\S/))
  const indent = Math.min(...indents, Infinity)
  return lines.map((line) => line.slice(indent))
}

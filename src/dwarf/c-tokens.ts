/** A token or comment of C. Lines and columns count from 1, columns in UTF-16 code units. */
export interface Token {
  readonly kind: 'identifier' | 'number' | 'string' | 'character' | 'punctuator' | 'comment'
  readonly text: string
  readonly line: number
  readonly column: number
  /** The line on which it ends: after `line` for a block comment of several lines. */
  readonly endLine: number
  /** Whether it is part of a preprocessor directive, `#` included. */
  readonly directive: boolean
}

const TOKEN = new RegExp(
  [
    // A line comment goes on after a backslash at the end of its line.
    String.raw`(?<comment>\/\*[^]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*)`,
    String.raw`(?<newline>\n)`,
    String.raw`(?<space>(?:[^\S\n]|\\\r?\n)+)`,
    String.raw`(?<string>(?:u8|[uUL])?"(?:\\[^]|[^"\\\n])*")`,
    String.raw`(?<character>[uUL]?'(?:\\[^]|[^'\\\n])*')`,
    // Every character outside ASCII counts as a letter: an exact expression takes too long to compile.
    String.raw`(?<identifier>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<number>\.?\d(?:[eEpP][+-]|[\w.])*)`,
    // Any other character: for example an apostrophe in a text that no compiler reads.
    String.raw`(?<punctuator><<=?|>>=?|[<>=!]=|&&|\|\||\.\.\.|->|\+\+|--|[^])`,
  ].join('|'),
  'y',
)

/** Splits C into tokens and comments. Never throws: text that is not C becomes punctuators. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let directive = false
  let atLineStart = true
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [matched] = match
    const kind = kindOf(match)
    if (kind === 'newline') {
      directive = false
      atLineStart = true
    } else if (kind !== 'space') {
      if (atLineStart && matched === '#') directive = true
      if (kind !== 'comment') atLineStart = false
    }
    const column = match.index - lineStart + 1
    const startLine = line
    for (let at = matched.indexOf('\n'); at !== -1; at = matched.indexOf('\n', at + 1)) {
      line++
      lineStart = match.index + at + 1
    }
    if (kind !== 'newline' && kind !== 'space') {
      tokens.push({ kind, text: matched, line: startLine, column, endLine: line, directive })
    }
  }
  return tokens
}

function kindOf({ groups = {} }: RegExpExecArray): Token['kind'] | 'newline' | 'space' {
  if (groups.space !== undefined) return 'space'
  if (groups.newline !== undefined) return 'newline'
  if (groups.identifier !== undefined) return 'identifier'
  if (groups.comment !== undefined) return 'comment'
  if (groups.number !== undefined) return 'number'
  if (groups.string !== undefined) return 'string'
  if (groups.character !== undefined) return 'character'
  return 'punctuator'
}

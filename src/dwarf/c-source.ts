import { tokenize, type Token } from './c-tokens.ts'

/** The tokens of a C file, indexed for finding declarations and the comments around them. */
export interface CSource {
  /** The tokens, without comments. */
  readonly tokens: readonly Token[]
  /** The comments between a token and the one before it, by the later token's index. */
  readonly comments: ReadonlyMap<number, readonly Token[]>
  /** The index of a bracket's partner, by the bracket's index. */
  readonly partners: ReadonlyMap<number, number>
  /** The index of the innermost bracket that is open at a token, by the token's index. */
  readonly enclosing: readonly (number | undefined)[]
  /** The index of the first token that starts on a line. */
  readonly lines: ReadonlyMap<number, number>
  /** Returns the indexes of the tokens on a line that read `text`, in order. */
  onLine(line: number, text: string): readonly number[]
}

const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

export function parseCSource(text: string): CSource {
  const tokens: Token[] = []
  const comments = new Map<number, Token[]>()
  const enclosing: (number | undefined)[] = []
  const lines = new Map<number, number>()
  const brackets = new Brackets()
  for (const token of tokenize(text)) {
    const index = tokens.length
    if (token.kind === 'comment') {
      const others = comments.get(index)
      if (others) others.push(token)
      else comments.set(index, [token])
      continue
    }
    tokens.push(token)
    if (!lines.has(token.line)) lines.set(token.line, index)
    // A macro's body may hold half of a pair.
    const isBracket = token.kind === 'punctuator' && !token.directive
    if (isBracket) brackets.close(token.text, index)
    enclosing.push(brackets.innermost)
    if (isBracket) brackets.open(token.text, index)
  }
  const onLine = tokensOnLine(tokens, lines)
  return { tokens, comments, partners: brackets.partners, enclosing, lines, onLine }
}

/** Indexes a line at its first use: generated C has thousands of names on one line. */
function tokensOnLine(
  tokens: readonly Token[],
  lines: ReadonlyMap<number, number>,
): CSource['onLine'] {
  const known = new Map<number, Map<string, number[]>>()
  return (line, text) => {
    let byText = known.get(line)
    if (!byText) {
      known.set(line, (byText = new Map()))
      let at = lines.get(line)
      for (; at !== undefined && tokens[at]?.line === line; at++) {
        const found = byText.get(tokens[at]?.text ?? '')
        if (found) found.push(at)
        else byText.set(tokens[at]?.text ?? '', [at])
      }
    }
    return byText.get(text) ?? []
  }
}

/** Pairs brackets, even where #if and #else both open one that is closed once. */
class Brackets {
  readonly partners: Map<number, number> = new Map()
  readonly #open: { readonly text: string; readonly index: number }[] = []
  #openBraces = 0

  get innermost(): number | undefined {
    return this.#open.at(-1)?.index
  }

  open(text: string, index: number): void {
    if (text !== '(' && text !== '[' && text !== '{') return
    this.#open.push({ text, index })
    if (text === '{') this.#openBraces++
  }

  close(text: string, index: number): void {
    const opening = OPENING[text]
    if (opening === undefined) return
    // A brace ends parentheses that were left open, never the other way round.
    if (opening === '{' && this.#openBraces > 0) {
      while (this.#open.at(-1)?.text !== '{') this.#open.pop()
      this.#openBraces--
    }
    const start = this.#open.at(-1)
    if (start?.text !== opening) return
    this.#open.pop()
    this.partners.set(start.index, index)
    this.partners.set(index, start.index)
  }
}

/** Returns the index of the first token on a line that reads `text`. */
export function findOnLine(source: CSource, line: number, text: string): number | undefined {
  return source.onLine(line, text).at(0)
}

/** Returns the index of a declared name on a line: in `struct key key`, the second `key`. */
export function findDeclarator(source: CSource, line: number, name: string): number | undefined {
  const { tokens } = source
  const found = source.onLine(line, name)
  const declarators = found.filter(
    (at) => !/^(?:enum|struct|union)$/.test(tokens[at - 1]?.text ?? ''),
  )
  const typeless = declarators.find((at) => tokens[at + 1]?.kind !== 'identifier')
  return typeless ?? declarators.at(0) ?? found.at(0)
}

/** Returns the indexes of the names of an enum's constants; `start` is the `enum` or its tag. */
export function enumerators(source: CSource, start: number): Map<string, number> {
  const { tokens, partners } = source
  const found = new Map<string, number>()
  let brace = start + 1
  while (tokens[brace] && tokens[brace]?.text !== '{') {
    if (tokens[brace]?.text === ';') return found
    brace = (partners.get(brace) ?? brace) + 1
  }
  const end = partners.get(brace) ?? brace
  let atName = true
  for (let at = brace + 1; at < end; at = (partners.get(at) ?? at) + 1) {
    const token = tokens[at]
    if (!token || token.directive) continue
    if (atName && token.kind === 'identifier') found.set(token.text, at)
    atName = token.text === ','
  }
  return found
}

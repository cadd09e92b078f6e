import type { CSource } from './c-source.ts'
import type { Token } from './c-tokens.ts'
import { commentText } from './comment-text.ts'

/** The kind of a declared name, which decides where its declaration begins and which comments behind it belong to it. */
export type Role = 'constant' | 'function' | 'macro' | 'member' | 'type' | 'variable'

/**
 * Returns the text of the comments directly above a declaration and behind it on its line; undefined when there is none.
 * `name` is the index of the name's token.
 */
export function documentation(source: CSource, name: number, role: Role): string | undefined {
  const texts = [commentsAbove(source, name, role), commentsBehind(source, name, role)]
    .map(commentText)
    .filter((text) => !NO_DOCUMENTATION.test(text))
  return texts.length === 0 ? undefined : texts.join('\n')
}

/** Comments that document nothing: lines of dashes, licences, directives for tools. */
const NO_DOCUMENTATION =
  /^[^a-z\d\u0080-\uffff]*$|SPDX-License-Identifier|\bcopyright\b|clang-format (?:on|off)/i

/** Finds the nearest comment between the declaration's start and its name, outside of its braces. */
function commentsAbove(source: CSource, name: number, role: Role): readonly Token[] {
  if (role === 'macro') return commentsBefore(source, name - 2)
  const known = walked(role === 'constant' ? constantsAbove : declaratorsAbove, source)
  const passed: number[] = []
  let found: readonly Token[] = []
  for (let at: number | undefined = name; at !== undefined; at = previousToken(source, at, role)) {
    const comments = known.get(at) ?? commentsBefore(source, at)
    passed.push(at)
    if (comments.length === 0 && !known.has(at)) continue
    found = comments
    break
  }
  for (const at of passed) known.set(at, found)
  return found
}

/**
 * The comments that a walk from a token found, so that no walk repeats an earlier one: in `int a, b, c;` the walk of each name
 * would pass all names between it and the end.
 */
type WalkCache = WeakMap<CSource, Map<number, readonly Token[]>>

const constantsAbove: WalkCache = new WeakMap()
const declaratorsAbove: WalkCache = new WeakMap()
const behindComma: WalkCache = new WeakMap()

function walked(walks: WalkCache, source: CSource): Map<number, readonly Token[]> {
  let known = walks.get(source)
  if (!known) walks.set(source, (known = new Map()))
  return known
}

/** Returns the index of the token before one of a declaration, brackets skipped; undefined at its start. */
function previousToken({ tokens, partners }: CSource, at: number, role: Role): number | undefined {
  const index = at - 1
  const token = tokens[index]
  if (!token || token.directive) return undefined
  switch (token.text) {
    case ';':
    case '{':
      return undefined
    case ',':
      return role === 'constant' ? undefined : index
    case ')':
    case ']':
      return partners.get(index)
    case '}': {
      const open = partners.get(index)
      return open === undefined || isFunctionBody(tokens, partners, open) ? undefined : open
    }
    default:
      return index
  }
}

function isFunctionBody(
  tokens: readonly Token[],
  partners: CSource['partners'],
  brace: number,
): boolean {
  const open = tokens[brace - 1]?.text === ')' ? partners.get(brace - 1) : undefined
  // `struct __attribute__((packed)) {` has parentheses there, too.
  return open !== undefined && !/^__attribute(?:__)?$/.test(tokens[open - 1]?.text ?? '')
}

/** Finds the comment that ends on the line above the token, or before it on its own line. */
function commentsBefore({ tokens, comments }: CSource, at: number): readonly Token[] {
  const all = comments.get(at) ?? []
  const token = tokens[at]
  const previous = tokens[at - 1]
  const last = all.at(-1)
  if (!token || !last || last.endLine < token.line - 1) return []
  if (isBehind(last, previous, token)) return []
  const first = last.text.startsWith('//') ? startOfRun(all) : all.length - 1
  // A run that begins behind the previous declaration, and goes on aligned with that, is about it.
  return isBehind(all[first] ?? last, previous, token) ? [] : all.slice(first)
}

/** Returns whether a comment stands behind a token on its line, and so belongs to it. */
function isBehind(comment: Token, previous: Token | undefined, next: Token): boolean {
  if (comment.line !== previous?.endLine) return false
  return next.line > comment.endLine || previous.text === ',' || previous.text === ';'
}

/** Returns the index of the first of the aligned line comments, one on each line, that end a list. */
function startOfRun(comments: readonly Token[]): number {
  let first = comments.length - 1
  while (isNextLine(comments[first - 1], comments[first])) first--
  return first
}

function isNextLine(a: Token | undefined, b: Token | undefined): boolean {
  if (!a || !b || !a.text.startsWith('//') || !b.text.startsWith('//')) return false
  return a.endLine + 1 === b.line && a.column === b.column
}

/** Finds the comment behind the declarator and its comma or semicolon, on the same line. */
function commentsBehind(source: CSource, name: number, role: Role): readonly Token[] {
  switch (role) {
    case 'function':
      return []
    case 'type':
      // `struct event { // one event`
      return source.tokens[name + 1]?.text === '{' ? lineEnd(source, name + 2) : []
    case 'macro':
      return lineEnd(source, endOfDirective(source, name))
    case 'constant':
    case 'member':
    case 'variable':
      return behindDeclarator(source, name)
  }
}

/**
 * Finds the comment behind a declarator, other declarators of the same line skipped: in `int x, y; // both` it belongs to
 * both.
 */
function behindDeclarator(source: CSource, name: number): readonly Token[] {
  const known = walked(behindComma, source)
  const passed: number[] = []
  const found = walkBehind(source, outOfParentheses(source, name) + 1, (at) => {
    passed.push(at)
    return known.get(at)
  })
  for (const at of passed) known.set(at, found)
  return found
}

/** Walks to the end of the declarators. `passed` gets each token behind the first comma, and may know the result from there. */
function walkBehind(
  source: CSource,
  start: number,
  passed: (at: number) => readonly Token[] | undefined,
): readonly Token[] {
  const { tokens, partners } = source
  let end: Token | undefined
  for (let at = start; ; at = (partners.get(at) ?? at) + 1) {
    const known = end?.text === ',' ? passed(at) : undefined
    if (known) return known
    const comments = lineEnd(source, at)
    if (comments.length > 0) return comments
    const token = tokens[at]
    if (!token || token.directive || token.text === '}' || end?.text === ';') return []
    if (end && token.line > end.line) return []
    if (token.text === ';' || (token.text === ',' && end === undefined)) end = token
  }
}

/** Returns the token's index, or that of the end of the parentheses around it: `int (*handler)(int)`, a macro's call. */
function outOfParentheses({ tokens, partners, enclosing }: CSource, name: number): number {
  let at = name
  for (;;) {
    const bracket = enclosing[at]
    if (bracket === undefined || tokens[bracket]?.text === '{') return at
    const end = partners.get(bracket)
    if (end === undefined) return at
    at = end
  }
}

/** Returns the index of the token after a directive's last. */
function endOfDirective({ tokens, lines }: CSource, inside: number): number {
  let at = inside + 1
  while (tokens[at]?.directive) {
    // A directive on the next line is another one.
    if (tokens[at]?.text === '#' && lines.get(tokens[at]?.line ?? 0) === at) break
    at++
  }
  return at
}

/** Returns the comments between a token and the one before that begin on the earlier token's line. */
function lineEnd({ tokens, comments }: CSource, at: number): readonly Token[] {
  const all = comments.get(at) ?? []
  const [first] = all
  const previous = tokens[at - 1]
  const next = tokens[at]
  if (!first || first.line !== previous?.endLine) return []
  if (next && !isBehind(first, previous, next) && !/^[;,}]$/.test(next.text)) return []
  let count = 1
  while (isNextLine(all[count - 1], all[count])) count++
  return all.slice(0, count)
}

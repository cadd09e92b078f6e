import { tokenize, type Token } from './c-tokens.ts'
import type { MacroDefinition } from './macros.ts'

/** Limits of one expansion, of all expansions together, and of nesting. */
const MAX_TOKENS = 1 << 13
const MAX_TOTAL = 1 << 20
const MAX_DEPTH = 64

/**
 * Expands all macros in the body of a macro (C11, 6.10.3); undefined when that needs `#`, `##` or a variable number of
 * arguments, or takes too long: each macro may double the one before.
 */
export type Expand = (macro: MacroDefinition) => readonly Token[] | undefined

export function macroExpansion(macros: ReadonlyMap<string, MacroDefinition>): Expand {
  const bodies = new Map<MacroDefinition, readonly Token[]>()
  /** The macros under expansion, whose names are not expanded again. */
  const active = new Set<string>()
  let total = MAX_TOTAL
  let budget = 0

  const bodyOf = (macro: MacroDefinition): readonly Token[] => {
    const known = bodies.get(macro)
    if (known) return known
    const tokens = tokenize(macro.body).filter(({ kind }) => kind !== 'comment')
    bodies.set(macro, tokens)
    return tokens
  }

  const expandBody = (macro: MacroDefinition, body: readonly Token[]): Token[] | undefined => {
    // An empty body counts as one.
    budget -= body.length + 1
    if (budget < 0 || active.size > MAX_DEPTH) return undefined
    active.add(macro.name)
    const expanded = expand(body)
    active.delete(macro.name)
    return expanded
  }

  const expand = (tokens: readonly Token[]): Token[] | undefined => {
    const expanded: Token[] = []
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at]
      if (!token || token.text === '#') return undefined
      const macro = token.kind === 'identifier' ? macros.get(token.text) : undefined
      const isCall = tokens[at + 1]?.text === '('
      if (!macro || active.has(macro.name) || (macro.parameters && !isCall)) {
        expanded.push(token)
        continue
      }
      let body: readonly Token[] | undefined = bodyOf(macro)
      if (macro.parameters) {
        const call = readArguments(tokens, at + 2)
        body = call && substitute(body, macro.parameters, call.arguments, budget)
        at = call?.end ?? at
      }
      const inner = body && expandBody(macro, body)
      if (!inner) return undefined
      for (const token of inner) expanded.push(token)
    }
    return expanded
  }

  return (macro) => {
    budget = Math.min(MAX_TOKENS, total)
    const before = budget
    const expanded = expandBody(macro, bodyOf(macro))
    total -= before - budget
    return expanded
  }
}

/** Reads the arguments of a call, from after its `(`, and the index of its `)`. */
function readArguments(
  tokens: readonly Token[],
  start: number,
): { arguments: Token[][]; end: number } | undefined {
  let current: Token[] = []
  const found = [current]
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at]
    if (!token) break
    if (token.text === ')' && depth === 0) return { arguments: found, end: at }
    if (token.text === ',' && depth === 0) found.push((current = []))
    else current.push(token)
    if (token.text === '(') depth++
    if (token.text === ')') depth--
  }
  return undefined
}

function substitute(
  body: readonly Token[],
  parameters: readonly string[],
  given: readonly Token[][],
  maxLength: number,
): Token[] | undefined {
  const none = parameters.length === 1 && parameters[0] === ''
  if (!none && given.length !== parameters.length) return undefined
  const result: Token[] = []
  for (const token of body) {
    const index = token.kind === 'identifier' ? parameters.indexOf(token.text) : -1
    const replacement = index === -1 ? [token] : (given[index] ?? [])
    for (const token of replacement) result.push(token)
    if (result.length > maxLength) return undefined
  }
  return result
}

import { tokenize, type Token } from './c-tokens.ts'
import type { MacroDefinition } from './macros.ts'

/** Characters of macro bodies that one expansion may read, and how deep macros may name others. */
const MAX_CHARACTERS = 1 << 16
const MAX_DEPTH = 64

interface Expansion {
  readonly macros: ReadonlyMap<string, MacroDefinition>
  /** Characters that may still be read. */
  budget: number
}

/**
 * The body of a macro with all macros in it expanded (C11, 6.10.3), undefined when that needs `#`,
 * `##`, a variable number of arguments, or too much.
 */
export function expandMacro(
  macro: MacroDefinition,
  macros: ReadonlyMap<string, MacroDefinition>,
): Token[] | undefined {
  const expansion = { macros, budget: MAX_CHARACTERS }
  const body = bodyOf(macro, expansion)
  return body && expand(body, expansion, new Set([macro.name]))
}

function bodyOf(macro: MacroDefinition, expansion: Expansion): Token[] | undefined {
  // One more: an empty body costs, too.
  expansion.budget -= macro.body.length + 1
  if (expansion.budget < 0) return undefined
  const tokens = tokenize(macro.body)
  return tokens.some(({ text }) => text === '#') ? undefined : tokens
}

/** `active` are the macros under expansion: their names stand for themselves in it. */
function expand(
  tokens: readonly Token[],
  expansion: Expansion,
  active: ReadonlySet<string>,
): Token[] | undefined {
  if (active.size > MAX_DEPTH) return undefined
  const expanded: Token[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (!token) break
    const macro = token.kind === 'identifier' ? expansion.macros.get(token.text) : undefined
    const takesArguments = macro?.parameters !== undefined
    if (!macro || active.has(macro.name) || (takesArguments && tokens[at + 1]?.text !== '(')) {
      expanded.push(token)
      continue
    }
    let body = bodyOf(macro, expansion)
    if (body && macro.parameters) {
      const call = readArguments(tokens, at + 2)
      body = call && substitute(body, macro.parameters, call.arguments, expansion)
      at = call?.end ?? at
    }
    const inner = body && expand(body, expansion, new Set([...active, macro.name]))
    if (!inner) return undefined
    expanded.push(...inner)
  }
  return expanded
}

/** The arguments of a call, from after its `(`, and the index of its `)`. */
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
  expansion: Expansion,
): Token[] | undefined {
  const none = parameters.length === 1 && parameters[0] === ''
  if (!none && given.length !== parameters.length) return undefined
  const result: Token[] = []
  for (const token of body) {
    const index = token.kind === 'identifier' ? parameters.indexOf(token.text) : -1
    const replacement = index === -1 ? [token] : (given[index] ?? [])
    expansion.budget -= replacement.length
    if (expansion.budget < 0) return undefined
    result.push(...replacement)
  }
  return result
}

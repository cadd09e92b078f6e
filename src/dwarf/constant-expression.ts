import { conversionTo, commonType, integer, parseInteger, type Integer } from './c-integer.ts'
import { parseCharacter, parseStrings } from './c-literal.ts'
import type { Token } from './c-tokens.ts'

/** Returns the value of an enum constant, given its name. */
export type Constants = (name: string) => bigint | undefined

/** The deepest nesting of parentheses and operators. Deeper expressions are hostile. */
const MAX_DEPTH = 200

/**
 * Evaluates tokens without macros as a C constant expression or as string literals; undefined when they are neither. Integers
 * past 2^53 are bigint.
 */
export function evaluate(
  tokens: readonly Token[],
  constants: Constants,
): number | bigint | string | undefined {
  const strings = literals(tokens)
  if (strings) return parseStrings(strings)
  const result = new Parser(tokens, constants).parse()
  if (!result) return undefined
  const { value } = result
  const small = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
  return small ? Number(value) : value
}

/** Returns the string literals, without parentheses around all of them. */
function literals(tokens: readonly Token[]): string[] | undefined {
  let start = 0
  let end = tokens.length
  while (tokens[start]?.text === '(' && tokens[end - 1]?.text === ')') {
    start++
    end--
  }
  const inner = tokens.slice(start, end)
  if (inner.length === 0 || inner.some(({ kind }) => kind !== 'string')) return undefined
  return inner.map(({ text }) => text)
}

/** C's binary operators by how tightly they bind (C11, 6.5). */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  [
    ['||'],
    ['&&'],
    ['|'],
    ['^'],
    ['&'],
    ['==', '!='],
    ['<', '>', '<=', '>='],
    ['<<', '>>'],
    ['+', '-'],
    ['*', '/', '%'],
  ].flatMap((operators, level) => operators.map((operator) => [operator, level + 1] as const)),
)

/** A recursive descent parser. Every step returns undefined when there is no constant expression. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #constants: Constants
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], constants: Constants) {
    this.#tokens = tokens
    this.#constants = constants
  }

  parse(): Integer | undefined {
    const value = this.#conditional()
    return this.#at === this.#tokens.length ? value : undefined
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at]?.text
  }

  #accept(text: string): boolean {
    if (this.#next !== text) return false
    this.#at++
    return true
  }

  #conditional(): Integer | undefined {
    if (++this.#depth > MAX_DEPTH) return undefined
    const value = this.#choice()
    this.#depth--
    return value
  }

  #choice(): Integer | undefined {
    const condition = this.#binary(1)
    if (!condition || !this.#accept('?')) return condition
    const whenTrue = this.#conditional()
    if (!this.#accept(':')) return undefined
    const whenFalse = this.#conditional()
    if (!whenTrue || !whenFalse) return undefined
    const { bits, signed } = commonType(whenTrue, whenFalse)
    return integer((condition.value === 0n ? whenFalse : whenTrue).value, bits, signed)
  }

  #binary(level: number): Integer | undefined {
    let left = this.#unary()
    for (;;) {
      const operator = this.#next ?? ''
      const precedence = PRECEDENCE.get(operator) ?? 0
      if (!left || precedence < level) return left
      this.#at++
      const right = this.#binary(precedence + 1)
      left = right && apply(operator, left, right)
    }
  }

  #unary(): Integer | undefined {
    if (++this.#depth > MAX_DEPTH) return undefined
    const value = this.#unaryOf(this.#tokens[this.#at++])
    this.#depth--
    return value
  }

  #unaryOf(token: Token | undefined): Integer | undefined {
    switch (token?.kind) {
      case 'number':
        return parseInteger(token.text)
      case 'character':
        return parseCharacter(token.text)
      case 'identifier':
        return this.#constant(token.text)
      case 'punctuator':
        return token.text === '(' ? this.#parenthesised() : this.#prefixed(token.text)
      default:
        return undefined
    }
  }

  #constant(name: string): Integer | undefined {
    if (name === 'true' || name === 'false') return integer(name === 'true' ? 1n : 0n)
    const value = this.#constants(name)
    if (value === undefined) return undefined
    // An enum constant is an int if it fits (C11, 6.4.4.3), else of clang's wider type.
    const fits = BigInt.asIntN(32, value) === value
    return integer(value, fits ? 32 : 64, fits || value < 0n)
  }

  #parenthesised(): Integer | undefined {
    const words: string[] = []
    for (let at = this.#at; this.#tokens[at]?.kind === 'identifier'; at++) {
      words.push(this.#tokens[at]?.text ?? '')
    }
    const cast =
      this.#tokens[this.#at + words.length]?.text === ')' ? conversionTo(words) : undefined
    if (cast) {
      this.#at += words.length + 1
      const value = this.#unary()
      return value && cast(value)
    }
    const value = this.#conditional()
    return this.#accept(')') ? value : undefined
  }

  #prefixed(operator: string): Integer | undefined {
    const value = this.#unary()
    if (!value) return undefined
    switch (operator) {
      case '+':
        return value
      case '-':
        return integer(-value.value, value.bits, value.signed)
      case '~':
        return integer(~value.value, value.bits, value.signed)
      case '!':
        return integer(value.value === 0n ? 1n : 0n)
      default:
        return undefined
    }
  }
}

function apply(operator: string, left: Integer, right: Integer): Integer | undefined {
  if (operator === '<<' || operator === '>>') return shift(operator, left, right)
  const { bits, signed } = commonType(left, right)
  const a = integer(left.value, bits, signed).value
  const b = integer(right.value, bits, signed).value
  const result = (value: bigint): Integer => integer(value, bits, signed)
  switch (operator) {
    case '||':
      return truth(left.value !== 0n || right.value !== 0n)
    case '&&':
      return truth(left.value !== 0n && right.value !== 0n)
    case '|':
      return result(a | b)
    case '^':
      return result(a ^ b)
    case '&':
      return result(a & b)
    case '==':
      return truth(a === b)
    case '!=':
      return truth(a !== b)
    case '<':
      return truth(a < b)
    case '>':
      return truth(a > b)
    case '<=':
      return truth(a <= b)
    case '>=':
      return truth(a >= b)
    case '+':
      return result(a + b)
    case '-':
      return result(a - b)
    case '*':
      return result(a * b)
    case '/':
      return b === 0n ? undefined : result(a / b)
    case '%':
      return b === 0n ? undefined : result(a % b)
    default:
      return undefined
  }
}

function truth(value: boolean): Integer {
  return integer(value ? 1n : 0n)
}

/** Shifts within the left side's type; undefined when the distance is, in C, undefined. */
function shift(operator: '<<' | '>>', left: Integer, right: Integer): Integer | undefined {
  if (right.value < 0n || right.value >= BigInt(left.bits)) return undefined
  const value = operator === '<<' ? left.value << right.value : left.value >> right.value
  return integer(value, left.bits, left.signed)
}

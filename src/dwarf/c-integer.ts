/** An integer of C's type system, BPF's data model: int has 32 bits, long and long long 64. */
export interface Integer {
  readonly value: bigint
  readonly bits: 32 | 64
  readonly signed: boolean
}

/** Wraps the value to the type's range, as C's conversions do, and clang where an int overflows. */
export function integer(value: bigint, bits: 32 | 64 = 32, signed = true): Integer {
  return { value: signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value), bits, signed }
}

/** Parses `123`, `0x7fUL`, `0b11`, `017` (C11, 6.4.4.1); undefined for other text. */
export function parseInteger(text: string): Integer | undefined {
  const [, digits = '', suffix] = NUMBER.exec(text) ?? []
  if (digits === '' || suffix === undefined) return undefined
  const octal = /^0[0-7]+$/.test(digits)
  if (!octal && /^0\d/.test(digits)) return undefined
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits)
  if (value > 0xffff_ffff_ffff_ffffn) return undefined
  const unsignedSuffix = /u/i.test(suffix)
  const decimal = /^[1-9]/.test(digits)
  for (const bits of [32, 64] as const) {
    if (bits === 32 && /l/i.test(suffix)) continue
    if (!unsignedSuffix && value < 1n << BigInt(bits - 1)) return integer(value, bits, true)
    if ((unsignedSuffix || !decimal) && value < 1n << BigInt(bits)) {
      return integer(value, bits, false)
    }
  }
  // clang takes a decimal that does not fit a long as unsigned, with a warning.
  return integer(value, 64, false)
}

const NUMBER = /^(0x[\da-f]+|0b[01]+|\d+)(u?(?:l|ll)?|(?:l|ll)u)$/i

/** Returns the type to which an operator converts two integers (C11, 6.3.1.8). */
export function commonType(a: Integer, b: Integer): { bits: 32 | 64; signed: boolean } {
  if (a.bits !== b.bits) return a.bits > b.bits ? a : b
  return a.signed ? b : a
}

/** Words that name an integer type of a fixed width in a cast. */
const NAMED = /^(?:__)?(?<sign>[us])(?<bits>8|16|32|64)$|^(?<unsigned>u?)int(?<width>8|16|32|64)_t$/

/** Returns the conversion of a cast, given its words; undefined when they name no integer type. */
export function conversionTo(words: readonly string[]): ((from: Integer) => Integer) | undefined {
  const type = namedType(words) ?? spelledType(words)
  if (!type) return undefined
  const { bits, signed } = type
  return ({ value }) => {
    if (bits === 1) return integer(value === 0n ? 0n : 1n)
    const cut = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
    // A type narrower than int is promoted to int.
    return bits === 64 ? integer(cut, 64, signed) : integer(cut, 32, bits < 32 || signed)
  }
}

type IntegerType = { readonly bits: 1 | 8 | 16 | 32 | 64; readonly signed: boolean }

function namedType(words: readonly string[]): IntegerType | undefined {
  const [word = ''] = words
  if (words.length !== 1) return undefined
  const kernel = KERNEL_TYPES[word]
  if (kernel) return kernel
  const groups = NAMED.exec(word)?.groups
  if (!groups) return undefined
  const bits = Number(groups.bits ?? groups.width) as IntegerType['bits']
  return { bits, signed: groups.sign === 's' || groups.unsigned === '' }
}

/** The kernel's types to which macros cast: `#define INVALID_UID ((uid_t)-1)`. */
const KERNEL_TYPES: Readonly<Record<string, IntegerType>> = Object.assign(Object.create(null), {
  gid_t: { bits: 32, signed: false },
  intptr_t: { bits: 64, signed: true },
  loff_t: { bits: 64, signed: true },
  pid_t: { bits: 32, signed: true },
  size_t: { bits: 64, signed: false },
  ssize_t: { bits: 64, signed: true },
  uid_t: { bits: 32, signed: false },
  uintptr_t: { bits: 64, signed: false },
})

function spelledType(words: readonly string[]): IntegerType | undefined {
  if (words.length === 0 || !words.every((word) => SPELLING.has(word))) return undefined
  const signed = !words.includes('unsigned')
  if (words.includes('_Bool') || words.includes('bool')) return { bits: 1, signed: false }
  if (words.includes('char')) return { bits: 8, signed }
  if (words.includes('short')) return { bits: 16, signed }
  return { bits: words.includes('long') ? 64 : 32, signed }
}

const SPELLING = new Set([
  '_Bool',
  'bool',
  'char',
  'const',
  'int',
  'long',
  'short',
  'signed',
  'unsigned',
  'volatile',
])

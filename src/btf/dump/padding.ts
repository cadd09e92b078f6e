import { bounded } from './dump.ts'
import { indent } from './indent.ts'

/** A part of a struct without members. Offsets are in bits from the struct's start. */
export interface Gap {
  readonly start: number
  readonly end: number
  /** The alignment in bytes of what follows the gap. */
  readonly align: number
  /** Whether it separates two bitfields. */
  readonly inBitfield: boolean
}

/**
 * Returns the nameless bitfields that make C leave the gap, each on its own line: few and wide ones, and none where the
 * alignment of what follows leaves the gap already.
 */
export function padding(gap: Gap, longBits: number, level: number): string {
  if (gap.start >= gap.end) return ''
  const types = paddingTypes(longBits)
  const line = (type: string, bits: number): string => `\n${indent(level)}${type}: ${bits};`
  const [widest, width] = types.find(([, bits]) => roundUp(gap.start, bits) <= gap.end) ?? CHAR

  let text = ''
  let at = gap.start
  const boundary = roundUp(gap.start, width)
  if (boundary > at && boundary <= gap.end) {
    const skipped = boundary - at
    const left = gap.end - boundary
    const unaligned = left === 0 && roundUp(at, gap.align * 8) !== boundary
    // What is left would fit before the boundary, and C would put it there.
    const fits = left !== 0 && left <= skipped
    if (gap.inBitfield || unaligned || fits) text += line(widest, gap.inBitfield ? skipped : 0)
    at = boundary
  }
  const full = line(widest, width)
  const count = Math.floor((gap.end - at) / width)
  bounded(full.length * count)
  text += full.repeat(count)
  at += width * count
  if (at < gap.end) {
    const bits = gap.end - at
    const [narrowest] = types.findLast(([, width]) => width >= bits) ?? CHAR
    text += line(narrowest, bits)
  }
  return text
}

const CHAR = ['char', 8] as const

function paddingTypes(longBits: number): readonly (readonly [type: string, bits: number])[] {
  return [['long', longBits], ['int', 32], ['short', 16], CHAR]
}

function roundUp(bits: number, multiple: number): number {
  return Math.ceil(bits / multiple) * multiple
}

import { sizeOf, type Layout } from '../../src/codec/layout.ts'
import { readElf } from '../../src/elf/elf.ts'

/** A bitfield: where C writes it, and which bits of the whole value it has. */
interface Bitfield {
  readonly path: string
  readonly firstBit: number
  readonly bits: number
}

/** C has no address of a bitfield: an object of the type shows its bits, when all others are zero. */
export interface Probe {
  readonly variable: string
  readonly type: string
  readonly field: Bitfield
}

export function probesOf(type: string, layout: Layout, prefix: string): Probe[] {
  return bitfieldsOf(layout, '', 0).map((field, index) => {
    return { field, type, variable: `${prefix}_${index}` }
  })
}

export function probeSource({ variable, type, field }: Probe): string {
  return `${type} ${variable} = { ${field.path} = -1 };\n`
}

/** What the compiler does otherwise, in a little-endian object of the probes. */
export function probeDifference(object: Uint8Array, probes: readonly Probe[]): string | undefined {
  const elf = readElf(object)
  const symbols = new Map(elf.symbols.map((symbol) => [symbol.name, symbol]))
  for (const { variable, type, field } of probes) {
    const { path, firstBit, bits } = field
    const symbol = symbols.get(variable)
    const data = elf.sections[symbol?.section ?? 0]?.data ?? new Uint8Array()
    const bytes = data.subarray(symbol?.value, (symbol?.value ?? 0) + (symbol?.size ?? 0))
    const value = bytes.reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n)
    const wanted = ((1n << BigInt(bits)) - 1n) << BigInt(firstBit)
    if (value !== wanted) return `bits of ${type}${path}: ${value.toString(16)} in C`
  }
  return undefined
}

function bitfieldsOf(layout: Layout, path: string, start: number): Bitfield[] {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return layout.members.flatMap(({ name, offset, layout, bits }) => {
        const own = name === '' ? path : `${path}.${name}`
        if (!bits) return bitfieldsOf(layout, own, start + offset)
        const firstBit = (start + offset) * 8 + bits.offset
        return [{ path: own, firstBit, bits: bits.size }]
      })
    case 'array':
      return layout.length === 0
        ? []
        : bitfieldsOf(
            layout.element,
            `${path}[${layout.length - 1}]`,
            start + (layout.length - 1) * sizeOf(layout.element),
          )
    default:
      return []
  }
}

import type { Elf, Section } from '../../elf/elf.ts'
import { LD_IMM64 } from '../../uapi/insn.ts'

/** An instruction of 8 bytes, or the first half of a 64-bit load. */
export interface Instruction {
  /** Bytes from the start of its section. */
  readonly offset: number
  readonly code: number
  readonly source: number
  readonly shift: number
  /** The immediate, signed 32 bits. */
  readonly immediate: number
}

/** Reads the instructions that lie completely in bytes `start` to `end` of a section. */
export function* instructions(
  { littleEndian }: Elf,
  { data }: Section,
  start: number,
  end: number,
): Generator<Instruction> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const last = Math.min(end, data.byteLength) - 8
  for (let offset = start; offset <= last; offset += 8) {
    const code = view.getUint8(offset)
    const registers = view.getUint8(offset + 1)
    yield {
      offset,
      code,
      // On a big-endian machine, bit fields start at the other end of a byte.
      source: littleEndian ? registers >> 4 : registers & 0xf,
      shift: view.getInt16(offset + 2, littleEndian),
      immediate: view.getInt32(offset + 4, littleEndian),
    }
    if (code === LD_IMM64) offset += 8
  }
}

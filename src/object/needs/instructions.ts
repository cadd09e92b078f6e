import type { Elf, Section } from '../../elf/elf.ts'

/** One instruction of 8 bytes; the second half of a 64-bit load is none of its own. */
export interface Instruction {
  /** Bytes from the start of its section. */
  readonly offset: number
  readonly code: number
  readonly source: number
  readonly shift: number
  /** Signed 32 bits. */
  readonly immediate: number
}

/** 64-bit load of an immediate: BPF_LD | BPF_IMM | BPF_DW (include/uapi/linux/bpf.h). */
export const LD_IMM64 = 0x18
/** BPF_JMP | BPF_CALL */
export const CALL = 0x85
/** Of a call's source register: a function of the object or, relocated to no section, of the kernel. */
export const BPF_PSEUDO_CALL = 1

/** The instructions that lie whole in bytes `start` to `end` of a section. */
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
      // Bit fields of a byte are laid out from its other end on a big-endian machine.
      source: littleEndian ? registers >> 4 : registers & 0xf,
      shift: view.getInt16(offset + 2, littleEndian),
      immediate: view.getInt32(offset + 4, littleEndian),
    }
    if (code === LD_IMM64) offset += 8
  }
}

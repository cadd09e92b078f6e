import type { Instruction } from './instructions.ts'
import type { Version } from './version.ts'

/** The name of an instruction that not every kernel knows, and the first release that does. */
export interface NewInstruction {
  readonly name: string
  readonly since: Version
}

const JMP32: NewInstruction = { name: '32-bit jumps', since: '5.1' }
const ATOMICS: NewInstruction = { name: 'atomic operations beyond plain addition', since: '5.12' }
const CPU_V4: NewInstruction = { name: 'instructions of -mcpu=v4', since: '6.6' }
const MAY_GOTO: NewInstruction = { name: 'may_goto', since: '6.9' }
const ADDRESS_SPACE_CAST: NewInstruction = { name: 'casts of arena pointers', since: '6.9' }
const ACQUIRE_RELEASE: NewInstruction = { name: 'load_acquire and store_release', since: '6.15' }

/** Returns undefined for an instruction that every kernel knows (Documentation/bpf/standardization/instruction-set.rst). */
export function newInstruction(instruction: Instruction): NewInstruction | undefined {
  const { code, shift, immediate } = instruction
  switch (code & 7) {
    case 1: // BPF_LDX: BPF_MEMSX
      return (code & 0xe0) === 0x80 ? CPU_V4 : undefined
    case 3: // BPF_STX: BPF_ATOMIC.
      if ((code & 0xe0) !== 0xc0 || immediate === 0) return undefined
      return immediate === 0x100 || immediate === 0x110 ? ACQUIRE_RELEASE : ATOMICS
    case 5: // BPF_JMP: BPF_JCOND
      return code === 0xe5 ? MAY_GOTO : undefined
    case 6: // BPF_JMP32: a BPF_JA of it has 32 bits of offset.
      return code === 0x06 ? CPU_V4 : JMP32
    case 4:
    case 7:
      return newArithmetic(code, shift)
    default:
      return undefined
  }
}

function newArithmetic(code: number, shift: number): NewInstruction | undefined {
  switch (code & 0xf0) {
    case 0x30: // BPF_DIV, BPF_MOD: signed
    case 0x90:
      return shift === 1 ? CPU_V4 : undefined
    case 0xb0: // BPF_MOV: with sign extension
      if (code === 0xbf && shift === 1) return ADDRESS_SPACE_CAST
      return shift === 0 ? undefined : CPU_V4
    case 0xd0: // BPF_END: of BPF_ALU64 without a condition
      return (code & 7) === 7 ? CPU_V4 : undefined
    default:
      return undefined
  }
}

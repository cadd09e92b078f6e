import { BPF_PSEUDO_CALL, CALL, LD_IMM64 } from '../../uapi/insn.ts'
import type { ObjectFile } from './object-file.ts'

/** A program, or a function that it calls: some instructions of a section. */
export interface LinkedFunction {
  readonly name: string
  readonly section: string
  /** Index of its first instruction in the section. */
  readonly first: number
  /** How many instructions it has. */
  readonly instructions: number
}

/** The section that libbpf takes called functions from. */
const textSection = '.text'

const bytesPerInstruction = 8

/**
 * Lists the functions that libbpf loads as one program, in its order: the program, then each function at its first call
 * or reference, each followed by those that it calls (libbpf.c: bpf_object__reloc_code). The verifier numbers the
 * instructions in this order.
 */
export function linkProgram(object: ObjectFile, name: string): readonly LinkedFunction[] {
  const functions = object.symbols.filter(({ isFunction }) => isFunction).map(functionOf)
  const program = functions.find((each) => each.name === name && each.section !== textSection)
  if (!program) return []
  const linked = [program]
  const append = (caller: LinkedFunction): void => {
    for (const target of calledFunctions(object, caller)) {
      const callee = functions.find(
        ({ section, first }) => section === textSection && first === target,
      )
      if (!callee || linked.some(({ section, first }) => isAt(callee, section, first))) continue
      linked.push(callee)
      append(callee)
    }
  }
  append(program)
  return linked
}

/** Finds the function that an instruction of the linked program is in, and the instruction's index in its section. */
export function findInstruction(
  linked: readonly LinkedFunction[],
  instruction: number,
): { readonly function: LinkedFunction; readonly index: number } | undefined {
  let rest = instruction
  for (const each of linked) {
    if (rest < each.instructions) return { function: each, index: each.first + rest }
    rest -= each.instructions
  }
  return undefined
}

/** Yields the first instructions, in `.text`, of the functions that a function calls or takes the address of, in order. */
function* calledFunctions(object: ObjectFile, caller: LinkedFunction): Generator<number> {
  const section = object.section(caller.section)
  if (!section) return
  const relocations = object.relocations(caller.section)
  for (let index = caller.first; index < caller.first + caller.instructions; index++) {
    const at = section.offset + index * bytesPerInstruction
    const code = object.bytes.getUint8(at)
    const symbol = relocations.get(index * bytesPerInstruction)
    const immediate = object.bytes.getInt32(at + 4, true)
    if (code === CALL && object.bytes.getUint8(at + 1) >> 4 === BPF_PSEUDO_CALL) {
      // Without a relocation the offset counts from the next instruction. An undefined symbol is a kernel function.
      if (!symbol) yield index + 1 + immediate
      else if (symbol.section === textSection) {
        yield symbol.value / bytesPerInstruction + 1 + immediate
      }
    }
    if (code === LD_IMM64 && symbol?.section === textSection) {
      yield (symbol.value + immediate) / bytesPerInstruction
    }
  }
}

function functionOf(symbol: ObjectFile['symbols'][number]): LinkedFunction {
  return {
    name: symbol.name,
    section: symbol.section ?? '',
    first: symbol.value / bytesPerInstruction,
    instructions: symbol.size / bytesPerInstruction,
  }
}

function isAt(callee: LinkedFunction, section: string, first: number): boolean {
  return callee.section === section && callee.first === first
}

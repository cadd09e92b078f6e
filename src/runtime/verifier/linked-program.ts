import type { ObjectFile } from './object-file.ts'

/** Instructions of a section: a program, or a function that it calls. */
export interface LinkedFunction {
  readonly name: string
  readonly section: string
  /** Index of the first one in the section. */
  readonly first: number
  readonly instructions: number
}

/** libbpf takes functions that others call from this section alone. */
const functionSection = '.text'

const bytesPerInstruction = 8

/** linux/bpf.h: BPF_JMP | BPF_CALL and BPF_LD | BPF_IMM | BPF_DW. */
const call = 0x85
const load64 = 0x18
/** The source register of calls within the program: BPF_PSEUDO_CALL. */
const pseudoCall = 1

/**
 * What libbpf loads as one program, in its order: the program, then each function at its first call or mention, those
 * that it calls following it (libbpf.c: bpf_object__reloc_code). The verifier counts instructions in this.
 */
export function linkProgram(object: ObjectFile, name: string): readonly LinkedFunction[] {
  const functions = object.symbols.filter(({ isFunction }) => isFunction).map(partOf)
  const program = functions.find((part) => part.name === name && part.section !== functionSection)
  if (!program) return []
  const parts = [program]
  const append = (part: LinkedFunction): void => {
    for (const target of targets(object, part)) {
      const callee = functions.find(
        ({ section, first }) => section === functionSection && first === target,
      )
      if (!callee || parts.some(({ section, first }) => isAt(callee, section, first))) continue
      parts.push(callee)
      append(callee)
    }
  }
  append(program)
  return parts
}

/** The part that an instruction of the whole falls into, and its index in the part's section. */
export function findInstruction(
  parts: readonly LinkedFunction[],
  instruction: number,
): { readonly part: LinkedFunction; readonly index: number } | undefined {
  let rest = instruction
  for (const part of parts) {
    if (rest < part.instructions) return { part, index: part.first + rest }
    rest -= part.instructions
  }
  return undefined
}

/** Where in `.text` the functions begin that a part calls, or takes the address of, in the order of its instructions. */
function* targets(object: ObjectFile, part: LinkedFunction): Generator<number> {
  const section = object.section(part.section)
  if (!section) return
  const relocations = object.relocations(part.section)
  for (let index = part.first; index < part.first + part.instructions; index++) {
    const at = section.offset + index * bytesPerInstruction
    const code = object.bytes.getUint8(at)
    const symbol = relocations.get(index * bytesPerInstruction)
    const immediate = object.bytes.getInt32(at + 4, true)
    if (code === call && object.bytes.getUint8(at + 1) >> 4 === pseudoCall) {
      // Without a relocation it counts from the next instruction; an undefined symbol is a kernel function.
      if (!symbol) yield index + 1 + immediate
      else if (symbol.section === functionSection) {
        yield symbol.value / bytesPerInstruction + 1 + immediate
      }
    }
    if (code === load64 && symbol?.section === functionSection) {
      yield (symbol.value + immediate) / bytesPerInstruction
    }
  }
}

function partOf(symbol: ObjectFile['symbols'][number]): LinkedFunction {
  return {
    name: symbol.name,
    section: symbol.section ?? '',
    first: symbol.value / bytesPerInstruction,
    instructions: symbol.size / bytesPerInstruction,
  }
}

function isAt(part: LinkedFunction, section: string, first: number): boolean {
  return part.section === section && part.first === first
}

import type { Elf, ElfSymbol, Section } from '../../elf/elf.ts'
import { relocationEntries, relocationTables } from '../../elf/relocations.ts'
import { SHF_EXECINSTR, SHN_UNDEF, SHT_PROGBITS } from '../../uapi/elf.ts'
import { BPF_PSEUDO_CALL, CALL, LD_IMM64 } from '../../uapi/insn.ts'
import type { BpfObject } from '../object.ts'
import { type Instruction, instructions } from './instructions.ts'

/** Where an instruction is. */
export interface CodeLocation {
  /** The ELF section. */
  readonly section: string
  /** Bytes from the start of that section. */
  readonly offset: number
}

export interface CodeVisitor {
  /** Of every function that a load brings into the kernel. */
  instruction?(instruction: Instruction, of: string, at: CodeLocation): void
  /** `number`: of enum bpf_func_id. */
  helper?(number: number, of: string, at: CodeLocation): void
  /** A call or the address of something that the object does not define. */
  extern(name: string, isCall: boolean, of: string, at: CodeLocation): void
  /** A function's address: a callback. */
  callback?(of: string, at: CodeLocation): void
}

/** Walks the functions of the object, those of programs that do not load by themselves left out. */
export function visitCode({ elf, programs }: BpfObject, visitor: CodeVisitor): void {
  const skipped = new Set(programs.flatMap(({ name, autoload }) => (autoload ? [] : [name])))
  const functions = functionsBySection(elf)
  const tables = relocationTables(elf)
  for (const section of elf.sections) {
    if (!isCode(section)) continue
    const targets = new Map<number, ElfSymbol>()
    for (const table of tables.get(section.index) ?? []) {
      for (const { offset, symbol } of relocationEntries(elf, table)) targets.set(offset, symbol)
    }
    // Functions that overlap others are in no object of a compiler's: each instruction is visited once.
    let end = 0
    const inOrder = (functions.get(section.index) ?? []).toSorted((a, b) => a.value - b.value)
    for (const { name, value, size } of inOrder) {
      if (value < end || skipped.has(name)) continue
      end = value + size
      for (const instruction of instructions(elf, section, value, value + size)) {
        const at = { section: section.name, offset: instruction.offset }
        visitor.instruction?.(instruction, name, at)
        visitTarget(elf, visitor, instruction, targets.get(instruction.offset), name, at)
      }
    }
  }
}

function visitTarget(
  elf: Elf,
  visitor: CodeVisitor,
  { code, source, immediate }: Instruction,
  target: ElfSymbol | undefined,
  of: string,
  at: CodeLocation,
): void {
  if (code === CALL && source === 0 && !target) visitor.helper?.(immediate, of, at)
  if (!target) return
  const isCall = code === CALL && source === BPF_PSEUDO_CALL
  if (!isCall && code !== LD_IMM64) return
  if (target.section === SHN_UNDEF) visitor.extern(target.name, isCall, of, at)
  const section = elf.sections[target.section]
  if (!isCall && section && isCode(section)) visitor.callback?.(of, at)
}

function functionsBySection({ symbols }: Elf): Map<number, ElfSymbol[]> {
  const functions = new Map<number, ElfSymbol[]>()
  for (const symbol of symbols) {
    if (symbol.type !== 'func') continue
    const others = functions.get(symbol.section)
    if (others) others.push(symbol)
    else functions.set(symbol.section, [symbol])
  }
  return functions
}

function isCode({ type, flags }: Section): boolean {
  return type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0
}

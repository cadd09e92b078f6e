import type { Elf, ElfSymbol, Section } from '../../elf/elf.ts'
import { relocationEntries, relocationTables } from '../../elf/relocations.ts'
import { SHF_EXECINSTR, SHN_UNDEF, SHT_PROGBITS } from '../../uapi/elf.ts'
import { BPF_PSEUDO_CALL, CALL, LD_IMM64 } from '../../uapi/insn.ts'
import type { BpfObject } from '../object.ts'
import { type Instruction, instructions } from './instructions.ts'

/** The location of an instruction. */
export interface CodeLocation {
  /** The ELF section. */
  readonly section: string
  /** Bytes from the start of that section. */
  readonly offset: number
}

export interface CodeVisitor {
  /** Called for every instruction that is loaded into the kernel. `user` is the function's name. */
  instruction?(instruction: Instruction, user: string, at: CodeLocation): void
  /** Called for a helper, with its number in enum bpf_func_id. */
  helper?(number: number, user: string, at: CodeLocation): void
  /** Called for a call to, or the address of, a symbol that the object does not define. */
  extern(name: string, isCall: boolean, user: string, at: CodeLocation): void
  /** Called for a function's address, which is a callback. */
  callback?(user: string, at: CodeLocation): void
}

/** Visits the code of the object, without programs whose `autoload` is off. */
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
    // No compiler writes functions that overlap, so each instruction is visited once.
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
  user: string,
  at: CodeLocation,
): void {
  if (code === CALL && source === 0 && !target) visitor.helper?.(immediate, user, at)
  if (!target) return
  const isCall = code === CALL && source === BPF_PSEUDO_CALL
  if (!isCall && code !== LD_IMM64) return
  if (target.section === SHN_UNDEF) visitor.extern(target.name, isCall, user, at)
  const section = elf.sections[target.section]
  if (!isCall && section && isCode(section)) visitor.callback?.(user, at)
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

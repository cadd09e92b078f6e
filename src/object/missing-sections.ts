import { typeAt } from '../btf/btf.ts'
import type { Elf, ElfSymbol } from '../elf/elf.ts'
import { relocationEntries, relocationTables } from '../elf/relocations.ts'
import { SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS } from '../uapi/elf.ts'
import { BPF_PSEUDO_CALL, CALL } from '../uapi/insn.ts'
import { mapDefinition } from './map-definition.ts'
import { instructions } from './needs/instructions.ts'
import type { BpfObject } from './object.ts'
import { isLegacyMaps, legacyMaps } from './unmapped-variables.ts'

/** A function or variable that libbpf ignores silently, because its SEC() is missing or wrong. */
export interface MissingSection {
  readonly message: string
  /** The C name of the function or variable. */
  readonly subject: string
}

export function missingSections(object: BpfObject): MissingSection[] {
  return [...uncalledFunctions(object), ...mapsElsewhere(object), ...unusedLegacyMaps(object)]
}

/** Finds global functions without a SEC() that nothing calls. */
function uncalledFunctions({ elf }: BpfObject): MissingSection[] {
  const text = elf.sections.find(({ name, type }) => name === '.text' && type === SHT_PROGBITS)
  if (!text) return []
  const candidates = elf.symbols.filter(
    ({ type, section, binding, visibility }) =>
      type === 'func' && section === text.index && binding === 'global' && visibility === 'default',
  )
  if (candidates.length === 0) return []
  const referred = referredFunctions(elf, text.index)
  return candidates
    .filter(({ value }) => !referred.has(value))
    .map(({ name }) => ({
      subject: name,
      message: `function ${name} has no SEC() and nothing calls it, so it is never loaded: name its kind in SEC("…"), or declare it static`,
    }))
}

/** Returns the offsets in a section of the functions that code or data of the object refers to. */
function referredFunctions(elf: Elf, target: number): Set<number> {
  const referred = new Set<number>()
  const tables = relocationTables(elf)
  for (const section of elf.sections) {
    if ((section.flags & SHF_ALLOC) === 0) continue
    const relocated = new Map<number, ElfSymbol>()
    for (const table of tables.get(section.index) ?? []) {
      for (const { offset, symbol } of relocationEntries(elf, table)) {
        relocated.set(offset, symbol)
        if (symbol.section === target && symbol.type === 'func') referred.add(symbol.value)
      }
    }
    if ((section.flags & SHF_EXECINSTR) === 0) continue
    for (const { offset, code, source, immediate } of instructions(elf, section, 0, section.size)) {
      const symbol = relocated.get(offset)
      const isCall = code === CALL && source === BPF_PSEUDO_CALL
      // A call within one section, or against the section's symbol, counts instructions from the next one.
      if (isCall && !symbol && section.index === target) referred.add(offset + 8 + immediate * 8)
      if (symbol?.type !== 'section' || symbol.section !== target) continue
      referred.add(isCall ? (immediate + 1) * 8 : immediate)
    }
  }
  return referred
}

/** Finds variables that are declared like a map, but in a data section. */
function mapsElsewhere({ btf }: BpfObject): MissingSection[] {
  if (!btf) return []
  return btf.types.flatMap((section) => {
    if (section.kind !== 'datasec' || section.name === '.maps') return []
    return section.variables.flatMap(({ type: id }) => {
      const variable = typeAt(btf, id)
      if (variable.kind !== 'var' || !mapDefinition(btf, variable.target)) return []
      const { name } = variable
      const message = `${name} is declared like a map, but lies in ${section.name}, where it is a variable: write SEC(".maps") behind its name`
      return [{ message, subject: name }]
    })
  })
}

function unusedLegacyMaps({ elf }: BpfObject): MissingSection[] {
  return elf.symbols.flatMap(({ name, type, section }) => {
    const holder = elf.sections[section]
    if (type !== 'object' || !holder || !isLegacyMaps(holder)) return []
    return [{ message: legacyMaps(holder, name).message, subject: name }]
  })
}

import { typeAt, type RawBtf } from '../btf/btf.ts'
import type { Datasec, TypeId } from '../btf/types.ts'
import type { Elf, ElfSymbol } from '../elf/elf.ts'
import type { Linkage } from '../uapi/btf.ts'
import { ObjectError } from './object-error.ts'

/** A BTF Datasec with the offsets that the linker, or libbpf, gives its variables. */
export interface PlacedDatasec {
  readonly id: TypeId
  /** The name of its ELF section. */
  readonly name: string
  /** The variables, sorted by offset. */
  readonly variables: readonly PlacedVariable[]
}

export interface PlacedVariable {
  readonly name: string
  readonly type: TypeId
  /** Bytes from the section's start. A static variable's are unknown, and 0 here. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
  /** A hidden variable is `static` too. */
  readonly linkage: Linkage
}

/** The sections of externs, which are laid out from BTF: not every extern has an ELF symbol. */
export const EXTERN_SECTIONS: ReadonlySet<string> = new Set(['.kconfig', '.ksyms'])

/**
 * Gives each Datasec the size of its ELF section and the offsets of its symbols, which clang leaves 0 and a linker fills in.
 * Hidden variables become static (libbpf.c: btf_fixup_datasec).
 */
export function placeDatasecs(elf: Elf, btf: RawBtf): Map<string, PlacedDatasec> {
  const symbols = globalObjects(elf)
  const filled = new Set(elf.sections.flatMap(({ name, size }) => (size > 0 ? [name] : [])))
  const placed = new Map<string, PlacedDatasec>()
  for (const [id, type] of btf.types.entries()) {
    if (type.kind !== 'datasec' || EXTERN_SECTIONS.has(type.name) || placed.has(type.name)) continue
    if (type.size === 0 && !filled.has(type.name)) {
      throw new ObjectError(
        `the object describes variables in ${type.name} but has no such section`,
      )
    }
    placed.set(type.name, { id, name: type.name, variables: placeVariables(btf, type, symbols) })
  }
  return placed
}

function placeVariables(
  btf: RawBtf,
  section: Datasec,
  symbols: ReadonlyMap<string, ElfSymbol>,
): PlacedVariable[] {
  const linked = section.size !== 0
  const variables = section.variables.map(({ type: id, offset, size }): PlacedVariable => {
    const variable = typeAt(btf, id)
    if (variable.kind !== 'var') {
      throw new ObjectError(`${section.name} holds a ${variable.kind} where a variable should be`)
    }
    const { name, target: type, linkage } = variable
    if (linkage !== 'global') return { name, type, offset, size, linkage }
    const symbol = symbols.get(name)
    if (!symbol) throw new ObjectError(`variable ${name} of ${section.name} has no symbol`, name)
    const hidden = symbol.visibility === 'hidden' || symbol.visibility === 'internal'
    return {
      name,
      type,
      offset: linked ? offset : symbol.value,
      size,
      linkage: hidden ? 'static' : linkage,
    }
  })
  return variables.toSorted((a, b) => a.offset - b.offset)
}

function globalObjects(elf: Elf): Map<string, ElfSymbol> {
  const symbols = new Map<string, ElfSymbol>()
  for (const symbol of elf.symbols) {
    const visible = symbol.binding === 'global' || symbol.binding === 'weak'
    if (symbol.type === 'object' && visible && !symbols.has(symbol.name)) {
      symbols.set(symbol.name, symbol)
    }
  }
  return symbols
}

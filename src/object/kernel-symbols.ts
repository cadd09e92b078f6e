import { typeAt, type RawBtf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { TypeId } from '../btf/types.ts'
import type { BpfObject } from './object.ts'

/** A function or variable of the kernel that a program declares with `__ksym`. */
export interface KernelSymbol {
  readonly name: string
  readonly kind: 'function' | 'variable'
  /** The Func of a function, or the type of a variable. */
  readonly type: TypeId
  /** False for `extern const void name __ksym`, an address without a type. */
  readonly typed: boolean
  /** Whether it is declared weak: the program runs without it. */
  readonly weak: boolean
}

/** Lists the symbols in BTF's `.ksyms`, in its order. */
export function kernelSymbols({ elf, btf }: Pick<BpfObject, 'elf' | 'btf'>): KernelSymbol[] {
  if (!btf) return []
  const weak = new Set(
    elf.symbols.flatMap(({ name, binding }) => (binding === 'weak' ? [name] : [])),
  )
  return btf.types.flatMap((section) => {
    if (section.kind !== 'datasec' || section.name !== '.ksyms') return []
    return section.variables.flatMap(({ type: id }): KernelSymbol[] => {
      const declared = typeAt(btf, id)
      const { name } = declared
      if (declared.kind === 'func') {
        return [{ name, kind: 'function', type: id, typed: true, weak: weak.has(name) }]
      }
      if (declared.kind !== 'var') return []
      const type = declared.target
      return [{ name, kind: 'variable', type, typed: hasType(btf, type), weak: weak.has(name) }]
    })
  })
}

const hasType = (btf: RawBtf, id: TypeId): boolean =>
  typeAt(btf, resolveTypedefs(btf, id)).kind !== 'void'

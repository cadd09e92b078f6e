import { typeAt, type RawBtf } from '../btf/btf.ts'
import { createAlignments, knownSize } from '../btf/size.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'
import { SHN_UNDEF } from '../uapi/elf.ts'
import { EXTERN_SECTIONS, type PlacedVariable } from './datasec.ts'
import { ObjectError } from './object-error.ts'

/** The map of the `__kconfig` externs, which libbpf fills when it loads. */
export interface Kconfig {
  readonly datasec: TypeId
  /** Bytes. */
  readonly size: number
  /** The variables, sorted by offset. */
  readonly variables: readonly PlacedVariable[]
}

/**
 * Lays out the `__kconfig` externs, the most aligned first, then the smallest, then by name (libbpf.c:
 * bpf_object__collect_externs, cmp_externs); undefined when there are none. `__ksym` externs take no memory.
 */
export function readKconfig(elf: Elf, btf: RawBtf): Kconfig | undefined {
  const known = describedExterns(btf)
  const externs: PlacedVariable[] = []
  let datasec: TypeId | undefined
  for (const name of undefinedSymbols(elf)) {
    const extern = known.get(name)
    if (!extern) {
      throw new ObjectError(
        `extern ${name} is found nowhere: mark it __kconfig or __ksym, or define it`,
        name,
      )
    }
    if (extern.section !== '.kconfig') continue
    datasec = extern.datasec
    externs.push(readExtern(btf, name, extern.id))
  }
  return datasec === undefined ? undefined : layOut(btf, datasec, externs)
}

function layOut(btf: RawBtf, datasec: TypeId, externs: PlacedVariable[]): Kconfig {
  const alignments = createAlignments(btf)
  externs.sort(
    (a, b) =>
      alignments.of(b.type) - alignments.of(a.type) ||
      a.size - b.size ||
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  )
  const variables: PlacedVariable[] = []
  let size = 0
  for (const extern of externs) {
    const align = alignments.of(extern.type)
    const offset = Math.ceil(size / align) * align
    variables.push({ ...extern, offset })
    size = offset + extern.size
  }
  return { datasec, size, variables }
}

/** Lists the names of the externs (libbpf.c: sym_is_extern). */
function undefinedSymbols(elf: Elf): Set<string> {
  const names = new Set<string>()
  for (const { name, section, binding, type } of elf.symbols) {
    const reachesOut = binding === 'global' || binding === 'weak'
    if (section === SHN_UNDEF && reachesOut && type === 'notype' && name) names.add(name)
  }
  return names
}

interface Extern {
  readonly id: TypeId
  readonly section: string
  readonly datasec: TypeId
}

/** Lists the variables and functions that BTF has in `.kconfig` and `.ksyms`, by name. */
function describedExterns(btf: RawBtf): Map<string, Extern> {
  const externs = new Map<string, Extern>()
  for (const [datasec, section] of btf.types.entries()) {
    if (section.kind !== 'datasec' || !EXTERN_SECTIONS.has(section.name)) continue
    for (const { type: id } of section.variables) {
      externs.set(typeAt(btf, id).name, { id, section: section.name, datasec })
    }
  }
  return externs
}

function readExtern(btf: RawBtf, name: string, id: TypeId): PlacedVariable {
  const variable = typeAt(btf, id)
  const size = variable.kind === 'var' ? knownSize(btf, variable.target) : undefined
  if (variable.kind !== 'var' || !size || !isKconfigType(btf, variable.target)) {
    throw new ObjectError(
      `extern ${name}: a __kconfig variable is a bool, an integer, a char array or an enum libbpf_tristate`,
      name,
    )
  }
  return { name, type: variable.target, offset: 0, size, linkage: 'global' }
}

/** Returns whether libbpf accepts the type for a `__kconfig` extern (libbpf.c: find_kcfg_type). */
function isKconfigType(btf: RawBtf, id: TypeId): boolean {
  const type = typeAt(btf, resolveTypedefs(btf, id))
  switch (type.kind) {
    case 'int':
      return type.bool ? type.size === 1 : [1, 2, 4, 8].includes(type.size)
    case 'enum':
      return type.size === 4 && type.name === 'libbpf_tristate'
    case 'enum64':
      return type.name === 'libbpf_tristate'
    case 'array': {
      const element = typeAt(btf, resolveTypedefs(btf, type.element))
      return type.length > 0 && element.kind === 'int' && element.size === 1 && !element.bool
    }
    default:
      return false
  }
}

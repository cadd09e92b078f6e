import type { Elf, Section } from '../elf/elf.ts'
import { SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS } from '../uapi/elf.ts'
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG } from '../uapi/map-flags.ts'
import type { PlacedDatasec, PlacedVariable } from './datasec.ts'
import { sectionIdentifier } from './identifier.ts'
import type { BpfMap, DataSection } from './object.ts'

/** The ELF section of an arena's globals, which LLVM names after their address space. */
export const ARENA_SECTION = '.addr_space.1'

type SectionKind = 'data' | 'rodata' | 'bss' | 'percpu'

export interface InternalMap {
  readonly map: BpfMap
  /** The part of its memory that a skeleton shows; undefined when there is none. */
  readonly section: DataSection | undefined
}

/** Returns a map for each data section (libbpf.c: bpf_object__init_global_data_maps). */
export function readDataSections(
  elf: Elf,
  datasecs: ReadonlyMap<string, PlacedDatasec>,
): InternalMap[] {
  return elf.sections.flatMap((section) => {
    const kind = dataSectionKind(section)
    if (!kind) return []
    const datasec = datasecs.get(section.name)
    return [internalMap(section.name, kind, section.size, datasec?.id, datasec?.variables ?? [])]
  })
}

/** Returns the map of a data section or of `.kconfig` (libbpf.c: bpf_object__init_internal_map). */
export function internalMap(
  elfName: string,
  kind: SectionKind | 'kconfig',
  size: number,
  datasec: number | undefined,
  placed: readonly PlacedVariable[],
): InternalMap {
  const name = sectionIdentifier(elfName)
  const variables = visible(placed)
  const readOnly = kind === 'rodata' || kind === 'kconfig'
  // libbpf.c: map_is_mmapable. A section without global variables is not mapped.
  const mmapable = kind !== 'percpu' && variables.length > 0
  const map: BpfMap = {
    name,
    elfName,
    origin: 'internal',
    type: kind === 'percpu' ? 'PERCPU_ARRAY' : 'ARRAY',
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: (readOnly ? BPF_F_RDONLY_PROG : 0) | (mmapable ? BPF_F_MMAPABLE : 0),
    pinning: 'none',
    numaNode: undefined,
    mapExtra: 0n,
    autocreate: true,
    key: undefined,
    value: datasec,
    inner: undefined,
  }
  const shown = mmapable || (kind === 'percpu' && datasec !== undefined)
  return { map, section: shown ? dataSection(elfName, name, size, variables) : undefined }
}

/** Returns the section of an arena's globals, which lie in the arena that the program declares (libbpf.c: init_arena_map_data). */
export function arenaSection(
  elf: Elf,
  datasecs: ReadonlyMap<string, PlacedDatasec>,
  map: string,
): DataSection | undefined {
  const section = elf.sections.find(isArenaSection)
  return (
    section &&
    dataSection(
      section.name,
      map,
      section.size,
      visible(datasecs.get(section.name)?.variables ?? []),
    )
  )
}

export function isArenaSection({ name, type, flags, size }: Section): boolean {
  const filled = type === SHT_PROGBITS && (flags & SHF_EXECINSTR) === 0 && size > 0
  return filled && name === ARENA_SECTION
}

function dataSection(
  name: string,
  map: string,
  size: number,
  variables: readonly PlacedVariable[],
): DataSection {
  return {
    name,
    ident: sectionIdentifier(name),
    map,
    size,
    variables: variables.map(({ name, type, offset, size }) => ({ name, type, offset, size })),
  }
}

function visible(variables: readonly PlacedVariable[]): PlacedVariable[] {
  return variables.filter(({ linkage }) => linkage !== 'static')
}

/** Returns the kind of a data section; undefined when libbpf makes no map of it (libbpf.c: bpf_object__elf_collect). */
export function dataSectionKind({ name, type, flags, size }: Section): SectionKind | undefined {
  if (size === 0) return undefined
  const is = (prefix: string): boolean => name === prefix || name.startsWith(`${prefix}.`)
  if (type === SHT_NOBITS) return is('.bss') ? 'bss' : undefined
  if (type !== SHT_PROGBITS || (flags & SHF_EXECINSTR) !== 0) return undefined
  if (is('.data')) return 'data'
  if (is('.rodata')) return 'rodata'
  return is('.percpu') ? 'percpu' : undefined
}

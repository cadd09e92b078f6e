import { readBtfOf, type RawBtf } from '../btf/btf.ts'
import { readElf, type Elf, type Section } from '../elf/elf.ts'
import { EM_BPF, ET_REL } from '../uapi/elf.ts'
import {
  arenaSection,
  dataSectionKind,
  internalMap,
  isArenaSection,
  readDataSections,
  type InternalMap,
} from './data-sections.ts'
import { placeDatasecs, type PlacedDatasec } from './datasec.ts'
import { refuseDuplicates } from './duplicate-sections.ts'
import { readKconfig } from './externs.ts'
import { ObjectError } from './object-error.ts'
import type { BpfMap, BpfObject, DataSection } from './object.ts'
import { readPrograms } from './programs.ts'
import { isStructOps, readStructOps } from './struct-ops.ts'
import { legacyMaps, refuseUnmapped } from './unmapped-variables.ts'
import { readUserMaps } from './user-maps.ts'

export interface ReadObjectOptions {
  /** The object's name, such as `trace_bpf`: see `objectName`. */
  readonly name: string
}

/**
 * Reads a compiled BPF object of either byte order. Throws FormatError for bytes that are not well-formed ELF or BTF,
 * ObjectError for an object that libbpf would refuse to open.
 */
export function readObject(bytes: Uint8Array, { name }: ReadObjectOptions): BpfObject {
  const elf = readElf(bytes)
  refuseForeign(elf)
  refuseDuplicates(elf, elf.sections.filter(holdsVariables))
  const btf = readBtfOf(elf)
  const programs = readPrograms(elf)
  const { maps, sections } = btf ? readMaps(elf, btf) : readUntyped(elf)
  refuseUnmapped(elf, btf, holdsVariables)
  return { name, elf, btf, license: readLicense(elf), programs, maps, sections }
}

function refuseForeign(elf: Elf): void {
  // Compilers wrote machine 0 before BPF had a number.
  if (elf.type !== ET_REL || (elf.machine !== EM_BPF && elf.machine !== 0)) {
    throw new ObjectError(
      `this is no BPF object but an ELF file of type ${elf.type} for machine ${elf.machine}: compile it with clang -target bpf -c`,
    )
  }
  if (elf.symbols.length === 0) {
    throw new ObjectError('the object has no symbols: it was stripped of more than DWARF')
  }
  const dropped = elf.sections.find(({ name }) => name === 'maps')
  if (dropped) {
    const map = elf.symbols.find(
      ({ section, type }) => section === dropped.index && type === 'object',
    )
    throw legacyMaps(dropped, map?.name)
  }
}

/** Returns whether libbpf makes maps of a section's contents. */
function holdsVariables(section: Section): boolean {
  const kind = dataSectionKind(section)
  return kind !== undefined || isArenaSection(section) || isStructOps(section) || isMaps(section)
}

const isMaps = ({ name }: Section): boolean => name === '.maps'

/** Lists maps in libbpf's order: user maps, data sections, `.kconfig`, struct_ops (libbpf.c: bpf_object__init_maps). */
function readMaps(elf: Elf, btf: RawBtf): { maps: BpfMap[]; sections: DataSection[] } {
  const kconfig = readKconfig(elf, btf)
  const datasecs = placeDatasecs(elf, btf)
  const userMaps = readUserMapsOf(elf, btf, datasecs)
  const internal = readDataSections(elf, datasecs)
  if (kconfig) {
    const { datasec, size, variables } = kconfig
    internal.push(internalMap('.kconfig', 'kconfig', size, datasec, variables))
  }
  return {
    maps: [...userMaps, ...internal.map(({ map }) => map), ...readStructOps(elf, btf, datasecs)],
    sections: [...readArena(elf, userMaps, datasecs), ...sectionsOf(internal)],
  }
}

function readUserMapsOf(
  elf: Elf,
  btf: RawBtf,
  datasecs: ReadonlyMap<string, PlacedDatasec>,
): BpfMap[] {
  if (!elf.sections.some(isMaps)) return []
  const datasec = datasecs.get('.maps')
  if (!datasec) throw new ObjectError('the maps in SEC(".maps") are not described in BTF')
  return readUserMaps(btf, datasec)
}

function readArena(
  elf: Elf,
  maps: readonly BpfMap[],
  datasecs: ReadonlyMap<string, PlacedDatasec>,
): DataSection[] {
  const [arena, second] = maps.filter(({ type }) => type === 'ARENA')
  if (second) {
    throw new ObjectError(`map ${second.name} is a second arena: an object has one`, second.name)
  }
  if (!arena) {
    if (!elf.sections.some(isArenaSection)) return []
    throw new ObjectError(
      'global __arena variables need an arena: declare a map of BPF_MAP_TYPE_ARENA in SEC(".maps")',
    )
  }
  const section = arenaSection(elf, datasecs, arena.name)
  return section ? [section] : []
}

/** Reads an object without BTF (libbpf.c: libbpf_needs_btf): its sections are known, but not their contents. */
function readUntyped(elf: Elf): { maps: BpfMap[]; sections: DataSection[] } {
  if (elf.sections.some((section) => isMaps(section) || isStructOps(section))) {
    throw new ObjectError('the object has maps but no BTF to describe them: compile it with -g')
  }
  const internal = readDataSections(elf, new Map())
  return { maps: internal.map(({ map }) => map), sections: sectionsOf(internal) }
}

function sectionsOf(internal: readonly InternalMap[]): DataSection[] {
  return internal.flatMap(({ section }) => (section ? [section] : []))
}

function readLicense(elf: Elf): string {
  const data = elf.sections.find(({ name }) => name === 'license')?.data ?? new Uint8Array()
  const end = data.indexOf(0)
  return Buffer.from(end < 0 ? data : data.subarray(0, end)).toString()
}

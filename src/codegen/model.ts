import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import { u32, type CompositeLayout, type Layout } from '../codec/layout.ts'
import type { SourceInfo, SourceType } from '../dwarf/source-info.ts'
import type { SourceLocation } from '../dwarf/source-location.ts'
import { mapDefinition } from '../object/map-definition.ts'
import { missingSections } from '../object/missing-sections.ts'
import type { BpfMap, BpfObject, DataSection, Program } from '../object/object.ts'
import { structOpsSection } from '../object/struct-ops.ts'
import { explanationsFor } from './explanations.ts'
import { exportTypes, type ExportedTypes } from './exported-types.ts'
import { initialisedLayout } from './initialised-layout.ts'
import { holdsKernelOwned, isKernelOwned } from './kernel-owned.ts'
import { mapKind, programKind, type MapKind, type ProgramKind } from './kinds.ts'
import { layoutsOf, type Layouts } from './layout.ts'
import { layoutWarnings, type ModelWarning, paddedKeyWarnings } from './model-warnings.ts'
import { propertyScope } from './names.ts'
import { shadowModel, type ShadowModel } from './struct-ops-shadow.ts'

/** The content of a skeleton, from which the module, the declarations and the JSON are printed. */
export interface SkeletonModel {
  /** The object's name: `trace_bpf`. */
  readonly name: string
  readonly license: string
  readonly maps: readonly MapModel[]
  readonly programs: readonly ProgramModel[]
  readonly sections: readonly SectionModel[]
  /** The names of the runtime's explanations of failed loads. */
  readonly explanations: readonly string[]
  readonly exports: ExportedTypes
  /** The layouts of the object's BTF. */
  readonly layouts: Layouts
  readonly defines: readonly Define[]
  /** The declarations in C of variables, maps, functions, types and `type.member`, with their comments. */
  readonly declared: ReadonlyMap<string, Declared>
  readonly warnings: readonly ModelWarning[]
}

export interface Declared {
  readonly place: SourceLocation
  readonly doc?: string | undefined
}

export interface MapModel {
  readonly name: string
  readonly elfName: string
  /** The map type, without BPF_MAP_TYPE_. */
  readonly type: string
  readonly kind: MapKind
  /** Absent where BTF has no type, or the kind has no key. */
  readonly key: Layout | undefined
  /** The type of values; for a ring buffer or perf event array, of records. */
  readonly value: Layout | undefined
  /** The ELF section whose variables are in the map: of a data section, an arena or a struct_ops. */
  readonly section: string | undefined
  /** Whether the memory of a data section can be mapped. */
  readonly isMappable: boolean
  /** The members of a struct_ops that user space may set. */
  readonly shadow: ShadowModel | undefined
  /** The inner map of a map of maps; absent where BTF does not declare it. */
  readonly inner: MapModel | undefined
}

export interface ProgramModel {
  readonly name: string
  readonly section: string
  readonly kind: ProgramKind
}

export interface SectionModel {
  readonly ident: string
  readonly elfName: string
  /** The name of the map that contains the section. */
  readonly map: string
  /** A struct whose members are the variables. */
  readonly layout: CompositeLayout
  /** False where the section has kernel-owned fields. */
  readonly isMappable: boolean
}

export interface Define {
  readonly name: string
  readonly value: number | bigint | string
  readonly declared: Declared | undefined
}

const EMPTY_BTF: Btf = { types: [{ kind: 'void', name: '' }], littleEndian: true }

/** Makes the model of a skeleton. `source` is what DWARF adds to BTF: source locations, comments, macros and more types. */
export function skeletonModel(object: BpfObject, source?: SourceInfo): SkeletonModel {
  const btf = object.btf ?? EMPTY_BTF
  const layouts = layoutsOf(btf)
  const names = mapNames(object.maps)
  const idents = propertyScope()
  const sections = object.sections.map((section) =>
    sectionModel(btf, layouts, section, idents.add(section.ident)),
  )
  const maps = object.maps.map((map) =>
    mapModel(btf, layouts, map, names.get(map) ?? map.name, sections),
  )
  const ownLayouts = layoutsOf(source?.btf ?? EMPTY_BTF)
  const own = sourceTypes(source, btf).map(({ id, name }) => ownLayouts.of(id, name))
  const roots = [
    ...object.maps.flatMap((map) => mapTypes(layouts, map)),
    ...sections.map(({ layout }) => layout),
    ...own,
  ]
  return {
    name: object.name,
    license: object.license,
    maps,
    programs: object.programs.map(programModel),
    sections,
    explanations: explanationsFor(object),
    exports: exportTypes(roots),
    layouts,
    defines: definesOf(source),
    declared: declarationsOf(source),
    warnings: [
      ...missingSections(object),
      ...paddedKeyWarnings(object.maps, layouts),
      ...layoutWarnings([layouts, ownLayouts]),
    ],
  }
}

/** Returns the property names of maps. A user's map `bss` keeps its name before the data section's, which libbpf finds by section. */
function mapNames(maps: readonly BpfMap[]): ReadonlyMap<BpfMap, string> {
  const scope = propertyScope()
  const internal = maps.filter(({ origin }) => origin === 'internal')
  const others = maps.filter(({ origin }) => origin !== 'internal')
  return new Map([...others, ...internal].map((map) => [map, scope.add(map.name)]))
}

function mapModel(
  btf: Btf,
  layouts: Layouts,
  map: BpfMap,
  name: string,
  sections: readonly SectionModel[],
): MapModel {
  const kind = mapKind(map)
  const { elfName, type } = map
  const own = sections.find((section) => holdsSection(map, section))
  // The value of a data section's map is its Datasec, whose variables are the section's.
  const hasValue = kind.parameters.includes('value') && map.origin === 'user'
  const declared = hasValue && map.value && !isDescriptor(btf, map)
  const inner = kind.parameters.includes('inner') && map.inner
  return {
    name,
    elfName,
    type,
    kind,
    key: kind.parameters.includes('key') && map.key ? layouts.of(map.key, name) : undefined,
    value: declared ? layouts.of(map.value, name) : (own?.layout ?? defaultValue(map)),
    inner: inner ? mapModel(btf, layouts, inner, inner.name, []) : undefined,
    section: map.origin === 'struct_ops' ? structOpsSection(map) : sectionOf(map, own),
    isMappable: own?.isMappable ?? true,
    shadow: shadowModel(btf, layouts, map),
  }
}

/** Returns the types that the source declares, without those that only define maps. */
function sourceTypes(source: SourceInfo | undefined, btf: Btf): readonly SourceType[] {
  if (!source) return []
  const numbers = new Set([...mapConstants(btf), ...mapConstants(source.btf)])
  return source.types.filter(({ id, name }) => {
    const type = typeAt(source.btf, id)
    const isNumber = type.kind === 'enum' || type.kind === 'enum64'
    if (name === '' && isNumber && type.values.every((value) => numbers.has(value.name)))
      return false
    return !mapDefinition(source.btf, id)
  })
}

/** Returns the enum constants that `__ulong(map_extra, n)` declares in map definitions. */
function mapConstants(btf: Btf): string[] {
  return btf.types.flatMap((_, id) =>
    (mapDefinition(btf, id)?.members ?? []).flatMap((member) => {
      const type = typeAt(btf, member.type)
      const isNumber = type.kind === 'enum' || type.kind === 'enum64'
      return isNumber && type.name === '' ? type.values.map(({ name }) => name) : []
    }),
  )
}

/** Returns whether a data section's map or an arena contains the section's variables. */
function holdsSection({ origin, type, elfName, name }: BpfMap, section: SectionModel): boolean {
  if (origin === 'internal') return section.elfName === elfName
  return type === 'ARENA' && section.map === name
}

/** Returns the ELF section of a map, also of a data section without variables. */
function sectionOf(
  { origin, elfName }: BpfMap,
  shown: SectionModel | undefined,
): string | undefined {
  return origin === 'internal' ? elfName : shown?.elfName
}

/** Returns the value of a map of network interfaces or CPUs whose declaration gives only the size. */
function defaultValue({ type, valueSize }: BpfMap): Layout | undefined {
  return ['DEVMAP', 'DEVMAP_HASH', 'CPUMAP'].includes(type) && valueSize === 4 ? u32 : undefined
}

/** Returns the types of a map's keys and values, also of kinds whose values the runtime returns as bytes. */
function mapTypes(layouts: Layouts, { origin, name, key, value, inner }: BpfMap): Layout[] {
  if (origin !== 'user') return []
  const ids = [key, value].filter((id) => id !== undefined)
  return [...ids.map((id) => layouts.of(id, name)), ...(inner ? mapTypes(layouts, inner) : [])]
}

/** Returns whether the value of a perf event array is declared as an int: a file descriptor, not a record. */
function isDescriptor(btf: Btf, { type, value }: BpfMap): boolean {
  if (type !== 'PERF_EVENT_ARRAY' || value === undefined) return false
  const { kind } = typeAt(btf, resolveTypedefs(btf, value))
  return kind !== 'struct' && kind !== 'union'
}

function programModel(program: Program): ProgramModel {
  return { name: program.name, section: program.section, kind: programKind(program) }
}

function sectionModel(
  btf: Btf,
  layouts: Layouts,
  section: DataSection,
  ident: string,
): SectionModel {
  const names = propertyScope()
  const members = section.variables
    .filter(({ type }) => !isKernelOwned(btf, type))
    .map(({ name, type, offset, size }) => ({
      name: names.add(name),
      offset,
      layout: initialisedLayout(layouts.of(type, name), size),
    }))
  return {
    ident,
    elfName: section.name,
    map: section.map,
    layout: { kind: 'struct', name: '', size: section.size, members },
    isMappable: !section.variables.some(({ type }) => holdsKernelOwned(btf, type)),
  }
}

function definesOf(source: SourceInfo | undefined): Define[] {
  // The last definition of a macro is the one that the end of the source sees.
  const defines = new Map<string, Define>()
  for (const { name, value, place, doc } of source?.macros ?? []) {
    defines.set(name, { name, value, declared: place && { place, doc } })
  }
  return [...defines.values()]
}

/** Returns the source's declarations by name. */
export function declarationsOf(source: SourceInfo | undefined): Map<string, Declared> {
  const declared = new Map<string, Declared>()
  for (const { name, place, doc } of source?.types ?? []) {
    if (name) declared.set(name, { place, doc })
  }
  // Where a variable and a type share a name, the variable's declaration wins.
  for (const [name, where] of source?.declarations ?? []) declared.set(name, where)
  return declared
}

import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import { u32, type CompositeLayout, type Layout } from '../codec/layout.ts'
import type { SourceInfo, SourceType } from '../dwarf/source-info.ts'
import type { SourceLocation } from '../dwarf/source-location.ts'
import { forgottenSections } from '../object/forgotten-sections.ts'
import { mapDefinition } from '../object/map-definition.ts'
import type { BpfMap, BpfObject, DataSection, Program } from '../object/object.ts'
import { structOpsSection } from '../object/struct-ops.ts'
import { explanationsFor } from './explanations.ts'
import { exportTypes, type ExportedTypes } from './exported-types.ts'
import { initialisedLayout } from './initialised-layout.ts'
import { holdsKernelOwned, isKernelOwned } from './kernel-owned.ts'
import { mapKind, programKind, type MapKind, type ProgramKind } from './kinds.ts'
import { layoutsOf, type Layouts } from './layout.ts'
import { propertyScope } from './names.ts'
import { hasPadding } from './padding.ts'
import { shadowModel, type ShadowModel } from './struct-ops-shadow.ts'

/** What the generated module and its declarations both print. */
export interface SkeletonModel {
  /** `trace_bpf` */
  readonly name: string
  readonly license: string
  readonly maps: readonly MapModel[]
  readonly programs: readonly ProgramModel[]
  readonly sections: readonly SectionModel[]
  /** Of failed loads: names in the runtime. */
  readonly explanations: readonly string[]
  readonly exports: ExportedTypes
  /** Of the object's BTF. */
  readonly layouts: Layouts
  readonly defines: readonly Define[]
  /** Where C declares a variable, map, function, type or `type.member`, and its comment. */
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
  /** BPF_MAP_TYPE_ */
  readonly type: string
  readonly kind: MapKind
  /** Absent where BTF has no type, or the kind takes none. */
  readonly key: Layout | undefined
  /** Of a ring buffer or perf event array: its records. */
  readonly value: Layout | undefined
  /** The ELF section of its variables: a data section's own, an arena's, a struct_ops'. */
  readonly section: string | undefined
  /** Of a data section: whether its memory can be mapped. */
  readonly isMappable: boolean
  /** Of struct_ops: what of it a skeleton shows. */
  readonly shadow: ShadowModel | undefined
  /** What a map of maps holds; absent where BTF does not say. */
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
  /** The name of the object's map that holds it. */
  readonly map: string
  /** Whose members are the variables. */
  readonly layout: CompositeLayout
  /** Not when the kernel keeps fields of it to itself. */
  readonly isMappable: boolean
}

export interface Define {
  readonly name: string
  readonly value: number | bigint | string
  readonly declared: Declared | undefined
}

export interface ModelWarning {
  readonly message: string
  /** Whose declaration it is about: a key of `declared`. */
  readonly subject: string
}

const EMPTY_BTF: Btf = { types: [{ kind: 'void', name: '' }], littleEndian: true }

/** `source` is what DWARF tells beyond the object's BTF: without it there are no places or comments. */
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
      ...forgottenSections(object),
      ...paddedKeyWarnings(object.maps, layouts),
      ...layoutWarnings([layouts, ownLayouts]),
    ],
  }
}

/** A data section's map yields to a user's of the same name, `bss`: libbpf finds it by its section. */
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
  // A section's values are its variables, which BTF describes by a Datasec.
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

/** The types that the source declares, less those that only declare maps. */
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

/** The constants that `__ulong(map_extra, n)` declares in maps. */
function mapConstants(btf: Btf): string[] {
  return btf.types.flatMap((_, id) =>
    (mapDefinition(btf, id)?.members ?? []).flatMap((member) => {
      const type = typeAt(btf, member.type)
      const isNumber = type.kind === 'enum' || type.kind === 'enum64'
      return isNumber && type.name === '' ? type.values.map(({ name }) => name) : []
    }),
  )
}

/** Whether the section's variables are in the map: its own data section's, or the arena's. */
function holdsSection({ origin, type, elfName, name }: BpfMap, section: SectionModel): boolean {
  if (origin === 'internal') return section.elfName === elfName
  return type === 'ARENA' && section.map === name
}

/** A section that shows nothing has a map all the same. */
function sectionOf(
  { origin, elfName }: BpfMap,
  shown: SectionModel | undefined,
): string | undefined {
  return origin === 'internal' ? elfName : shown?.elfName
}

/** What a map of network interfaces or CPUs has for a value when its declaration gives the size alone. */
function defaultValue({ type, valueSize }: BpfMap): Layout | undefined {
  return ['DEVMAP', 'DEVMAP_HASH', 'CPUMAP'].includes(type) && valueSize === 4 ? u32 : undefined
}

/** Also of kinds that the runtime hands out as bytes. */
function mapTypes(layouts: Layouts, { origin, name, key, value, inner }: BpfMap): Layout[] {
  if (origin !== 'user') return []
  const ids = [key, value].filter((id) => id !== undefined)
  return [...ids.map((id) => layouts.of(id, name)), ...(inner ? mapTypes(layouts, inner) : [])]
}

/** A perf event array declared with an int for its value: the descriptor that the kernel keeps there. */
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

/** Where C declares what, by name. */
export function declarationsOf(source: SourceInfo | undefined): Map<string, Declared> {
  const declared = new Map<string, Declared>()
  for (const { name, place, doc } of source?.types ?? []) {
    if (name) declared.set(name, { place, doc })
  }
  // A variable and a type may share a name: what is asked for is found by its spelling first.
  for (const [name, where] of source?.declarations ?? []) declared.set(name, where)
  return declared
}

/** Maps that find a value by all bytes of its key. */
const HASH_MAPS: ReadonlySet<string> = new Set([
  'HASH',
  'LRU_HASH',
  'PERCPU_HASH',
  'LRU_PERCPU_HASH',
  'HASH_OF_MAPS',
  'LPM_TRIE',
  'SOCKHASH',
  'RHASH',
])

function paddedKeyWarnings(maps: readonly BpfMap[], layouts: Layouts): ModelWarning[] {
  return maps.flatMap(({ name, type, key, inner }) => {
    const isPadded = HASH_MAPS.has(type) && key !== undefined && hasPadding(layouts.of(key, name))
    const message = `the key of map ${name} has padding: a lookup compares those bits too, so zero the whole key in C (__builtin_memset) before filling it, or declare the padding as a member`
    return [
      ...(isPadded ? [{ message, subject: name.replace(/\.inner$/u, '') }] : []),
      ...(inner ? paddedKeyWarnings([inner], layouts) : []),
    ]
  })
}

/** The two graphs describe what BTF and DWARF both know alike. */
function layoutWarnings(all: readonly Layouts[]): ModelWarning[] {
  const warnings = new Map<string, ModelWarning>()
  for (const { type, member, subject, reason } of all.flatMap((layouts) => layouts.warnings)) {
    const what = member ? `member ${member} of ${type}` : type || subject || 'a type'
    const message = `${what} becomes bytes in JavaScript: ${reason}`
    const tag = type.replace(/^(?:struct|union|enum) /u, '')
    warnings.set(message, { message, subject: member ? `${tag}.${member}` : tag || subject })
  }
  return [...warnings.values()]
}

import type { Btf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'
import { constantMacros, type ConstantMacro } from './constant-macros.ts'
import { userDeclarations, ownership, locationOf, type UserDeclarations } from './declarations.ts'
import { nameOf, type Die } from './die.ts'
import { filesOf, type FileOf } from './files.ts'
import { readMacros } from './macros.ts'
import { memberPaths } from './members.ts'
import { namedTypes, type NamedType } from './named-types.ts'
import { isRecord } from './referred-type.ts'
import { debugSections } from './sections.ts'
import { readSource, sourceFiles, type Declaration, type SourceFiles } from './source-files.ts'
import type { SourceLocation } from './source-location.ts'
import { toBtf } from './to-btf.ts'
import { readUnits, type Unit } from './units.ts'

export type { SourceLocation } from './source-location.ts'
export type { Declaration } from './source-files.ts'

/** The facts in the user's C files that BTF lacks: all their types, constants, locations and comments. */
export interface SourceInfo {
  /** The user's types and the types that they reach, as a BTF graph. */
  readonly btf: Btf
  /** The types, file by file, in the order of the source. */
  readonly types: readonly SourceType[]
  readonly macros: readonly Macro[]
  /**
   * Declarations by C name: variables, maps, functions and enum constants; members as `struct.member` with the struct's tag or
   * typedef: `event.at.x` when `at` is a struct without a name.
   */
  readonly declarations: ReadonlyMap<string, Declaration>
}

/** A struct, union or enum with its tag or, when it has none, its typedef. */
export interface SourceType extends Declaration {
  readonly id: TypeId
  /** The tag or typedef; empty for an enum that has neither. */
  readonly name: string
}

/** A `#define NAME value` whose value is an integer or string. Integers past 2^53 are bigint. */
export interface Macro extends Partial<Declaration> {
  readonly name: string
  readonly value: number | bigint | string
}

export interface SourceInfoOptions {
  /** Returns whether a file, given its absolute path, is the user's: not vmlinux.h, libbpf's or the system's. */
  isOwn(file: string): boolean
  /** The macros of clang's command line that are the user's. Default: none. */
  readonly commandLineMacros?: Iterable<string> | undefined
  /** The directory in which clang ran, to which compilation directories are relative. Default: this process's. */
  readonly directory?: string
  /** Returns the text of a user's file; undefined when it cannot be read. Default: from the file system. */
  readFile?(file: string): string | undefined
}

/**
 * Reads the DWARF (version 2 to 5) of a relocatable object of either byte order. Everything is empty for an object without
 * DWARF. Throws FormatError when it is damaged.
 */
export function readSourceInfo(elf: Elf, options: SourceInfoOptions): SourceInfo {
  const {
    isOwn,
    commandLineMacros: givenMacros = [],
    directory = process.cwd(),
    readFile = readSource,
  } = options
  const units = readUnits(debugSections(elf))
  const fileOf = filesOf(directory)
  const isOwnDie = ownership(fileOf, isOwn)
  const own = userDeclarations(units, isOwnDie)
  const named = bySource(namedTypes(own.types), fileOf)
  const { types, idOf } = toBtf(
    named.map(({ die }) => die),
    isOwnDie,
  )
  const btf: Btf = { types, littleEndian: elf.littleEndian, pointerSize: 8 }
  const files = sourceFiles(readFile)
  return {
    btf,
    types: named.flatMap(({ die, name, place }) => {
      const id = idOf(die)
      return id === undefined ? [] : [{ id, name, ...files.declaration(place, name, 'type') }]
    }),
    macros: ownMacros(units, fileOf, isOwn, new Set(givenMacros), btf).map(
      ({ name, value, place }) =>
        Object.assign(place ? files.declaration(place, name, 'macro') : {}, { name, value }),
    ),
    declarations: declarationsOf(own, named, fileOf, files),
  }
}

type PlacedType = NamedType & { readonly place: SourceLocation }

/** Sorts types by file, in the order in which the files appear, and by line. A type of several units is listed once. */
function bySource(types: readonly NamedType[], fileOf: FileOf): PlacedType[] {
  const ranks = new Map<string, number>()
  const placed = new Map<string, PlacedType>()
  for (const type of types) {
    const place = locationOf(type.die, fileOf)
    if (!place) continue
    if (!ranks.has(place.file)) ranks.set(place.file, ranks.size)
    const key = `${type.die.tag} ${type.name} ${place.line} ${place.file}`
    const anonymous = type.name === '' ? `${type.die.offset} ` : ''
    if (!placed.has(anonymous + key)) placed.set(anonymous + key, { ...type, place })
  }
  const rank = ({ place }: PlacedType): number => ranks.get(place.file) ?? 0
  return [...placed.values()].toSorted((a, b) => rank(a) - rank(b) || a.place.line - b.place.line)
}

function ownMacros(
  units: readonly Unit[],
  fileOf: FileOf,
  isOwn: (file: string) => boolean,
  given: ReadonlySet<string>,
  btf: Btf,
): ConstantMacro[] {
  const constants = new Map<string, bigint>()
  for (const type of btf.types) {
    if (type.kind !== 'enum' && type.kind !== 'enum64') continue
    for (const { name, value } of type.values) constants.set(name, BigInt(value))
  }
  const byName = new Map<string, ConstantMacro>()
  for (const unit of units) {
    const macros = readMacros(unit, fileOf)
    for (const macro of constantMacros(macros, isOwn, given, (name) => constants.get(name))) {
      if (!byName.has(macro.name)) byName.set(macro.name, macro)
    }
  }
  return [...byName.values()]
}

function declarationsOf(
  own: UserDeclarations,
  named: readonly PlacedType[],
  fileOf: FileOf,
  files: SourceFiles,
): Map<string, Declaration> {
  const declarations = new Map<string, Declaration>()
  const add = (key: string, declaration: Declaration): void => {
    if (!declarations.has(key)) declarations.set(key, declaration)
  }
  const addDie = (key: string, die: Die, role: 'function' | 'member' | 'variable'): void => {
    const place = locationOf(die, fileOf)
    if (place) add(key, files.declaration(place, nameOf(die), role))
  }
  for (const die of own.variables) addDie(nameOf(die), die, 'variable')
  for (const die of own.functions) addDie(nameOf(die), die, 'function')
  const walked = new Set<number>()
  for (const { name, definition } of named) {
    if (isRecord(definition.tag)) {
      for (const { path, die } of memberPaths(definition, walked)) {
        addDie(`${name}.${path}`, die, 'member')
      }
    } else {
      const place = locationOf(definition, fileOf)
      const constants = place && files.constants(place, nameOf(definition))
      for (const [constant, declaration] of constants ?? []) add(constant, declaration)
    }
  }
  return declarations
}

import type { Btf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'
import type { Elf } from '../elf/elf.ts'
import * as dw from './constants.ts'
import { ownDeclarations, ownership, placeOf } from './declarations.ts'
import { nameOf, type Die } from './die.ts'
import { filesOf } from './files.ts'
import { memberPaths } from './members.ts'
import type { Place } from './place.ts'
export type { Place } from './place.ts'
import { isRecord, referredType } from './referred-type.ts'
import { debugSections } from './sections.ts'
import { toBtf } from './to-btf.ts'
import { readUnits } from './units.ts'

/** What the user's own C files say beyond BTF: all their types, constants, places and comments. */
export interface SourceInfo {
  /** The own types and what they reach, in BTF's form. */
  readonly btf: Btf
  /** In the order of the source, a header's where clang met it. */
  readonly types: readonly SourceType[]
  readonly macros: readonly Macro[]
  /**
   * By C name: variables, maps, functions and enum constants; members as `struct.member`, where the
   * struct goes by its tag or typedef: `event.at.x` when `at` is a struct without a name.
   */
  readonly declarations: ReadonlyMap<string, Declaration>
}

export interface Declaration {
  readonly place: Place
  /** The C comment, without its marks; lines end in `\n`; `*\/` does not occur. */
  readonly doc?: string
}

/** A struct, union or enum by its tag, or the typedef of one without. */
export interface SourceType extends Declaration {
  readonly id: TypeId
  /** Empty for an enum that has neither: its constants count. */
  readonly name: string
}

/** `#define NAME value` of an integer or string. Integers past 2^53 are bigint. */
export interface Macro extends Declaration {
  readonly name: string
  readonly value: number | bigint | string
}

export interface SourceInfoOptions {
  /** Whether a file, by its absolute path, is the user's own: not vmlinux.h, libbpf's or the system's. */
  isOwn(file: string): boolean
  /** What a relative compilation directory is relative to: clang's. Default: this process's own. */
  readonly directory?: string
}

/**
 * Reads DWARF 2 to 5 of a relocatable object. All is empty for an object without DWARF. Throws
 * FormatError for damaged DWARF.
 */
export function readSourceInfo(elf: Elf, options: SourceInfoOptions): SourceInfo {
  const { isOwn, directory = process.cwd() } = options
  const units = readUnits(debugSections(elf))
  const fileOf = filesOf(directory)
  const isOwnDie = ownership(fileOf, isOwn)
  const own = ownDeclarations(units, isOwnDie)
  const named = namedTypes(own.types)
  const { types, idOf } = toBtf(
    named.map(({ die }) => die),
    isOwnDie,
  )
  const declarations = new Map<string, Declaration>()
  const sourceTypes: SourceType[] = []
  const seen = new Set<number>()
  for (const { die, name, record } of named) {
    const place = placeOf(die, fileOf)
    const id = idOf(die)
    if (!place || id === undefined) continue
    sourceTypes.push({ id, name, place })
    if (!record) continue
    for (const member of memberPaths(record, seen)) {
      const place = placeOf(member.die, fileOf)
      if (place) declarations.set(`${name}.${member.path}`, { place })
    }
  }
  for (const die of [...own.variables, ...own.functions]) {
    const place = placeOf(die, fileOf)
    if (place) declarations.set(nameOf(die), { place })
  }
  return {
    btf: { types, littleEndian: elf.littleEndian, pointerSize: 8 },
    types: sourceTypes,
    macros: [],
    declarations,
  }
}

interface NamedType {
  readonly die: Die
  readonly name: string
  /** The struct or union with the members. */
  readonly record: Die | undefined
}

/** Tags, and typedefs of what has no tag. */
function namedTypes(types: readonly Die[]): NamedType[] {
  const named: NamedType[] = []
  const byTypedef = new Set<number>()
  for (const die of types) {
    if (die.tag !== dw.DW_TAG_typedef) continue
    const target = referredType(die)
    if (!target || nameOf(target) !== '' || !hasConstantsOrMembers(target.tag)) continue
    byTypedef.add(target.offset)
    named.push({ die, name: nameOf(die), record: isRecord(target.tag) ? target : undefined })
  }
  for (const die of types) {
    if (!hasConstantsOrMembers(die.tag) || byTypedef.has(die.offset)) continue
    const name = nameOf(die)
    if (name === '' && isRecord(die.tag)) continue
    named.push({ die, name, record: isRecord(die.tag) ? die : undefined })
  }
  return named
}

function hasConstantsOrMembers(tag: number): boolean {
  return isRecord(tag) || tag === dw.DW_TAG_enumeration_type
}

import type { TypeId } from '../btf/types.ts'
import type { Layout, Member } from '../codec/layout.ts'
import type { BpfMap, BpfObject, Program } from '../object/object.ts'
import type { ExportedTypes } from './exported-types.ts'
import type { SkeletonModel } from './model.ts'

/**
 * A description of a BPF object in JSON, for programs in any language. Sizes and offsets are in bytes unless they say
 * bits; integers past 2^53-1 are decimal strings.
 */
export interface SkeletonDescription {
  /** The object's name: `trace_bpf` for `trace.bpf.c`. */
  readonly name: string
  readonly license: string
  /** Programs, maps and sections are in libbpf's order. */
  readonly programs: readonly (Omit<Program, 'attachType'> & Described & { attachType?: string })[]
  readonly maps: readonly (MapDescription & Described)[]
  /** The data sections that a skeleton has a property for. */
  readonly sections: readonly SectionDescription[]
  /** The named types of the object, and those that the source and its headers declare. */
  readonly types: readonly (Described & { readonly name: string; readonly type: TypeDescription })[]
  /** The constants of those enums, and of anonymous ones. */
  readonly constants: readonly (Described & {
    readonly name: string
    readonly value: JsonInteger
  })[]
  /** The macros of the source that are an integer or a string. */
  readonly defines: readonly (Described & {
    readonly name: string
    readonly value: number | string
    readonly isInteger: boolean
  })[]
}

export interface Described {
  /** The C comment. */
  readonly doc?: string
  /** Absolute path; line and column from 1. */
  readonly place?: { readonly file: string; readonly line: number; readonly column?: number }
}

export interface MapDescription {
  readonly name: string
  /** The ELF section for a data section's map, else the map's name. */
  readonly elfName: string
  readonly origin: BpfMap['origin']
  /** The type without its prefix BPF_MAP_TYPE_. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly mapExtra: JsonInteger
  readonly numaNode?: number
  readonly pinning: BpfMap['pinning']
  readonly autocreate: boolean
  /** Absent where BTF has no type. */
  readonly key?: TypeDescription
  readonly value?: TypeDescription
  readonly inner?: MapDescription
}

export interface SectionDescription {
  /** `.data.hist` */
  readonly name: string
  /** The property of the skeleton: `data_hist`. */
  readonly field: string
  readonly size: number
  readonly variables: readonly (Described & {
    readonly name: string
    readonly offset: number
    readonly size: number
    readonly type: TypeDescription
  })[]
}

export type JsonInteger = number | string

/** The layout of a value in memory. `named` refers to an entry of `types`. */
export type TypeDescription =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'int'; readonly size: number; readonly signed: boolean }
  | { readonly kind: 'bool' | 'float'; readonly size: number }
  | { readonly kind: 'chars' | 'bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly length: number; readonly element: TypeDescription }
  | {
      readonly kind: 'enum'
      readonly size: number
      readonly signed: boolean
      readonly constants: Readonly<Record<string, JsonInteger>>
    }
  | {
      readonly kind: 'struct' | 'union'
      readonly size: number
      readonly members: readonly MemberDescription[]
    }

export interface MemberDescription {
  /** Empty for anonymous structs and unions. */
  readonly name: string
  readonly offset: number
  readonly type: TypeDescription
  /** Present for a bitfield: its bits from the least significant one of the byte at `offset` on. */
  readonly bits?: { readonly offset: number; readonly size: number }
}

/** Returns a description that `JSON.stringify` prints without a replacer. */
export function describeSkeleton(model: SkeletonModel, object: BpfObject): SkeletonDescription {
  const described = (name: string): Described => {
    const { place, doc } = model.declared.get(name) ?? {}
    return { ...(doc && { doc }), ...(place && { place }) }
  }
  return {
    name: model.name,
    license: model.license,
    programs: object.programs.map(({ attachType, ...program }) =>
      Object.assign(program, attachType && { attachType }, described(program.name)),
    ),
    maps: object.maps.map((map) => Object.assign(describeMap(model, map), described(map.elfName))),
    sections: object.sections.map(({ name, size, variables }, index) => ({
      name,
      field: model.sections[index]?.ident ?? name,
      size,
      variables: variables.map(({ name, type, offset, size }) =>
        Object.assign({ name, offset, size, type: describeId(model, type) }, described(name)),
      ),
    })),
    types: model.exports.types.map(({ name, cName, layout }) =>
      Object.assign({ name, type: describeLayout(model.exports, layout) }, described(cName)),
    ),
    constants: model.exports.constants.map(({ name, cName, value }) =>
      Object.assign({ name, value: jsonInteger(value) }, described(cName)),
    ),
    defines: model.defines.map(({ name, value, declared: { place, doc } = {} }) => ({
      name,
      value: typeof value === 'string' ? value : jsonInteger(value),
      isInteger: typeof value !== 'string',
      ...(doc && { doc }),
      ...(place && { place }),
    })),
  }
}

function describeMap(
  model: SkeletonModel,
  { key, value, inner, numaNode, mapExtra, ...map }: BpfMap,
): MapDescription {
  const isData = map.origin === 'internal'
  return {
    ...map,
    mapExtra: jsonInteger(mapExtra),
    ...(numaNode !== undefined && { numaNode }),
    ...(key !== undefined && { key: describeId(model, key) }),
    ...(value !== undefined && !isData && { value: describeId(model, value) }),
    ...(inner && { inner: describeMap(model, inner) }),
  }
}

function describeId({ exports, layouts }: SkeletonModel, id: TypeId): TypeDescription {
  return describeType(exports, layouts.of(id))
}

function describeType(exports: ExportedTypes, layout: Layout): TypeDescription {
  const type = exports.find(layout)
  return type ? { kind: 'named', name: type.name } : describeLayout(exports, layout)
}

function describeLayout(exports: ExportedTypes, layout: Layout): TypeDescription {
  switch (layout.kind) {
    case 'int':
      return { kind: 'int', size: layout.size, signed: layout.signed }
    case 'bool':
    case 'float':
      return { kind: layout.kind, size: layout.size }
    case 'chars':
    case 'bytes':
      return { kind: layout.kind, length: layout.length }
    case 'array': {
      const element = describeType(exports, layout.element)
      return { kind: 'array', length: layout.length, element }
    }
    case 'enum': {
      const { kind, size, signed } = layout
      const constants = Object.fromEntries(
        layout.constants.map(([name, value]) => [name, jsonInteger(value)]),
      )
      return { kind, size, signed, constants }
    }
    case 'struct':
    case 'union': {
      const members = layout.members.map((member) => describeMember(exports, member))
      return { kind: layout.kind, size: layout.size, members }
    }
  }
}

function describeMember(
  exports: ExportedTypes,
  { name, offset, layout, bits }: Member,
): MemberDescription {
  return {
    name,
    offset,
    type: describeType(exports, layout),
    ...(bits && { bits: { offset: bits.offset, size: bits.size } }),
  }
}

function jsonInteger(value: number | bigint): JsonInteger {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

import type { TypeId } from '../btf/types.ts'
import type { Layout, Member } from '../codec/layout.ts'
import type { BpfMap, BpfObject, Program } from '../object/object.ts'
import type { ExportedTypes } from './exported-types.ts'
import type { SkeletonModel } from './model.ts'

/**
 * One description of a BPF object, for programs in any language. Sizes and offsets are bytes unless
 * they say bits; integers that a JSON number may not hold are decimal strings.
 */
export interface SkeletonDescription {
  /** `trace_bpf` of `trace.bpf.c`. */
  readonly name: string
  readonly license: string
  /** In libbpf's order, as are maps and sections. */
  readonly programs: readonly (Omit<Program, 'attachType'> & Described & { attachType?: string })[]
  readonly maps: readonly (MapDescription & Described)[]
  /** The data sections that a skeleton shows. */
  readonly sections: readonly SectionDescription[]
  /** The named types that the object, or the source's own code, has. */
  readonly types: readonly (Described & { readonly name: string; readonly type: TypeDescription })[]
  /** Of the enums among them, and of those without a name. */
  readonly constants: readonly (Described & {
    readonly name: string
    readonly value: JsonInteger
  })[]
  /** Macros of the source whose value is an integer or a string. */
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
  /** The ELF section of a data section's map, else the name. */
  readonly elfName: string
  readonly origin: BpfMap['origin']
  /** Less its prefix: BPF_MAP_TYPE_. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly mapExtra: JsonInteger
  readonly numaNode?: number
  readonly pinning: BpfMap['pinning']
  readonly autocreate: boolean
  /** Absent where BTF has none. */
  readonly key?: TypeDescription
  readonly value?: TypeDescription
  readonly inner?: MapDescription
}

export interface SectionDescription {
  /** `.data.hist` */
  readonly name: string
  /** The skeleton's field: `data_hist`. */
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

/** How a value lies in memory. `named` refers to an entry of `types`. */
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
  /** Empty for C's anonymous structs and unions. */
  readonly name: string
  readonly offset: number
  readonly type: TypeDescription
  /** Of a bitfield: from the least significant bit of the byte at `offset`. */
  readonly bits?: { readonly offset: number; readonly size: number }
}

/** `JSON.stringify` prints it as it is. */
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

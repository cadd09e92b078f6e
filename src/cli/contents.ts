import { typeAt } from '../btf/btf.ts'
import { declaration } from '../btf/dump/declaration.ts'
import { createDump } from '../btf/dump/dump.ts'
import type { TypeId } from '../btf/types.ts'
import { sizeOf } from '../codec/layout.ts'
import { kernelSymbols } from '../object/kernel-symbols.ts'
import { mapFlagNames } from '../object/map-type.ts'
import { kernelNeeds, minimumKernel } from '../object/needs/kernel-needs.ts'
import { compareVersions } from '../object/needs/version.ts'
import type { BpfObject } from '../object/object.ts'
import { initialValues } from './initial-values.ts'
import type { Skeleton } from './read-skeleton.ts'

/** The contents of an object, as plain data. Sizes and offsets are in bytes. Types are written in C. */
export interface Contents {
  readonly name: string
  readonly license: string
  /** The size of the object without DWARF. */
  readonly size: number
  readonly programs: readonly {
    readonly name: string
    readonly section: string
    /** The BPF_PROG_TYPE_ name. */
    readonly type: string
    readonly attachType: string | undefined
    readonly autoload: boolean
    readonly sleepable: boolean
    /** The number of instructions, without the functions that it calls, which libbpf appends. */
    readonly instructions: number
  }[]
  readonly maps: readonly {
    readonly name: string
    /** The BPF_MAP_TYPE_ name. */
    readonly type: string
    /** Absent if the map is declared by sizes alone. */
    readonly key: string | undefined
    readonly value: string | undefined
    readonly keySize: number
    readonly valueSize: number
    readonly maxEntries: number
    readonly flags: number
    /** `BPF_F_MMAPABLE`; a flag without a name is a hexadecimal number. */
    readonly flagNames: readonly string[]
    readonly pinned: boolean
  }[]
  readonly variables: readonly {
    readonly section: string
    readonly name: string
    readonly type: string | undefined
    readonly offset: number
    readonly size: number
    /** The initial value, as a skeleton reads it. Absent if it is long, or the kernel fills it in. */
    readonly value?: unknown
  }[]
  /** The symbols that the program declares with `__ksym`. */
  readonly kernelSymbols: readonly {
    readonly name: string
    readonly kind: 'function' | 'variable'
    readonly type: string
    readonly weak: boolean
  }[]
  /** The types that the skeleton exports. */
  readonly types: readonly { readonly name: string; readonly kind: string; readonly size: number }[]
  readonly kernel: {
    /** The oldest Linux with all `needs` that are not optional. */
    readonly minimum: string | undefined
    /** Newest first. */
    readonly needs: readonly {
      /** The first Linux that has it; absent if that is not known. */
      readonly since: string | undefined
      readonly kind: string
      readonly name: string
      readonly optional: boolean
      readonly users: readonly string[]
    }[]
  }
}

/** Returns the contents of a skeleton's object. */
export function contentsOf({ model, bpf, object }: Skeleton): Contents {
  const cType = cTypes(bpf)
  const valueOf = initialValues(bpf, model)
  const needs = kernelNeeds(bpf)
  return {
    name: bpf.name,
    license: bpf.license,
    size: object.length,
    programs: bpf.programs.map(({ name, section, type, attachType, autoload, sleepable, size }) => {
      return { name, section, type, attachType, autoload, sleepable, instructions: size / 8 }
    }),
    maps: bpf.maps.map(({ key, value, pinning, ...map }, index) => {
      const name = model.maps[index]?.name ?? map.name
      const { type, keySize, valueSize, maxEntries, flags } = map
      const sizes = { keySize, valueSize, maxEntries, flags, flagNames: mapFlagNames(flags) }
      const types = { key: cType(key), value: cType(value) }
      return { name, type, ...types, ...sizes, pinned: pinning !== 'none' }
    }),
    variables: bpf.sections.flatMap(({ name: elfName, ident, variables }, index) => {
      const section = model.sections[index]?.ident ?? ident
      return variables.map((variable) => {
        const { name, type, offset, size } = variable
        return Object.assign(
          { section, name, type: cType(type), offset, size },
          valueOf(elfName, variable),
        )
      })
    }),
    kernelSymbols: kernelSymbols(bpf).map(({ name, kind, type, weak }) => {
      return { name, kind, type: cType(type) ?? '', weak }
    }),
    types: model.exports.types.map(({ cName: name, layout }) => {
      return { name, kind: layout.kind, size: sizeOf(layout) }
    }),
    kernel: {
      minimum: minimumKernel(needs),
      needs: needs
        .map(({ since, kind, name, optional, users }) => ({ since, kind, name, optional, users }))
        .toSorted((a, b) => compareVersions(b.since ?? '0', a.since ?? '0')),
    },
  }
}

function cTypes({ btf }: BpfObject): (id: TypeId | undefined) => string | undefined {
  if (!btf) return () => undefined
  const dump = createDump(btf)
  return (id) => {
    if (id === undefined) return undefined
    const type = typeAt(btf, id)
    // The type of a data section would be all of its variables.
    if (type.kind === 'datasec') return undefined
    const of = type.kind === 'func' ? type.target : id
    return declaration(dump, of, '', { stripModifiers: true }).replaceAll(/\s+/g, ' ')
  }
}

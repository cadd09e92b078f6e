import { declaration } from '../btf/dump/declaration.ts'
import { createDump } from '../btf/dump/dump.ts'
import type { TypeId } from '../btf/types.ts'
import type { BpfObject } from '../object/object.ts'
import { sizeOf } from '../runtime/codec/layout.ts'
import type { Skeleton } from './read-skeleton.ts'

/** What is in an object, as plain data. Sizes and offsets are bytes; C types as they are written in C. */
export interface Contents {
  readonly name: string
  readonly license: string
  /** Of the object without DWARF. */
  readonly size: number
  readonly programs: readonly {
    readonly name: string
    readonly section: string
    /** The BPF_PROG_TYPE_ name. */
    readonly type: string
    readonly autoload: boolean
  }[]
  readonly maps: readonly {
    readonly name: string
    /** The BPF_MAP_TYPE_ name. */
    readonly type: string
    /** Absent where the map is declared by sizes alone. */
    readonly key: string | undefined
    readonly value: string | undefined
    readonly keySize: number
    readonly valueSize: number
    readonly maxEntries: number
    readonly flags: number
  }[]
  readonly variables: readonly {
    readonly section: string
    readonly name: string
    readonly type: string | undefined
    readonly offset: number
    readonly size: number
  }[]
  /** Those that the skeleton exports. */
  readonly types: readonly { readonly name: string; readonly kind: string; readonly size: number }[]
}

export function contentsOf({ model, bpf, object }: Skeleton): Contents {
  const cType = cTypes(bpf)
  return {
    name: bpf.name,
    license: bpf.license,
    size: object.length,
    programs: bpf.programs.map(({ name, section, type, autoload }) => {
      return { name, section, type, autoload }
    }),
    maps: bpf.maps.map(({ name, type, key, value, keySize, valueSize, maxEntries, flags }) => {
      const types = { key: cType(key), value: cType(value) }
      return { name, type, ...types, keySize, valueSize, maxEntries, flags }
    }),
    variables: bpf.sections.flatMap(({ ident: section, variables }) =>
      variables.map(({ name, type, offset, size }) => {
        return { section, name, type: cType(type), offset, size }
      }),
    ),
    types: model.exports.types.map(({ cName: name, layout }) => {
      return { name, kind: layout.kind, size: sizeOf(layout) }
    }),
  }
}

function cTypes({ btf }: BpfObject): (id: TypeId | undefined) => string | undefined {
  if (!btf) return () => undefined
  const dump = createDump(btf)
  return (id) => {
    if (id === undefined) return undefined
    return declaration(dump, id, '', { stripModifiers: true }).replaceAll(/\s+/g, ' ')
  }
}

import { typeAt, type RawBtf } from '../btf/btf.ts'
import { knownSize } from '../btf/size.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Member, Struct, TypeId } from '../btf/types.ts'
import type { PlacedDatasec } from './datasec.ts'
import { mapTypeName } from './map-type.ts'
import { ObjectError } from './object-error.ts'
import type { BpfMap } from './object.ts'

/** The declaration of a map in `SEC(".maps")`, without its name. */
type Definition = Omit<BpfMap, 'name' | 'elfName' | 'origin' | 'autocreate'>
type Draft = { -readonly [K in keyof Definition]?: Definition[K] }

/** Reads the maps in `SEC(".maps")` (libbpf.c: bpf_object__init_user_btf_map). */
export function readUserMaps(btf: RawBtf, section: PlacedDatasec): BpfMap[] {
  return section.variables.map(({ name, type, linkage }) => {
    if (linkage !== 'global') {
      throw new ObjectError(
        `map ${name} is ${linkage === 'static' ? 'static or hidden' : 'extern'}: libbpf makes maps of global variables only`,
        name,
      )
    }
    return readMap(btf, name, structAt(btf, type, name), false)
  })
}

function readMap(btf: RawBtf, name: string, declaration: Struct, isInner: boolean): BpfMap {
  const draft: Draft = {}
  for (const [index, member] of declaration.members.entries()) {
    const isLast = index === declaration.members.length - 1
    readMember(draft, { btf, map: name, member, isLast, isInner })
  }
  if (draft.type === undefined) throw new ObjectError(`map ${name} has no type`, name)
  return {
    name,
    elfName: name,
    origin: 'user',
    type: draft.type,
    keySize: draft.keySize ?? 0,
    valueSize: draft.valueSize ?? 0,
    maxEntries: draft.maxEntries ?? 0,
    flags: draft.flags ?? 0,
    pinning: draft.pinning ?? 'none',
    numaNode: draft.numaNode,
    mapExtra: draft.mapExtra ?? 0n,
    autocreate: true,
    key: draft.key,
    value: draft.value,
    inner: draft.inner,
  }
}

interface Field {
  readonly btf: RawBtf
  readonly map: string
  readonly member: Member
  readonly isLast: boolean
  readonly isInner: boolean
}

/** Reads one field (libbpf.c: parse_btf_map_def). libbpf refuses an unknown field, unless `relaxedMaps` is set. */
function readMember(draft: Draft, field: Field): void {
  switch (field.member.name) {
    case 'type': {
      const number = readUint(field)
      if (number !== 0) draft.type = mapTypeName(number)
      return
    }
    case 'max_entries':
      draft.maxEntries = readUint(field)
      return
    case 'map_flags':
      draft.flags = readUint(field)
      return
    case 'numa_node':
      draft.numaNode = readUint(field)
      return
    case 'map_extra':
      draft.mapExtra = readUlong(field)
      return
    case 'key_size':
      draft.keySize = agreeing(field, draft.keySize, readUint(field))
      return
    case 'value_size':
      draft.valueSize = agreeing(field, draft.valueSize, readUint(field))
      return
    case 'key':
      draft.key = pointee(field)
      draft.keySize = agreeing(field, draft.keySize, sizeOfType(field, draft.key))
      return
    case 'value':
      draft.value = pointee(field)
      draft.valueSize = agreeing(field, draft.valueSize, sizeOfType(field, draft.value))
      return
    case 'values':
      draft.inner = readInner(field, draft.type)
      draft.valueSize = agreeing(field, draft.valueSize, 4)
      return
    case 'pinning': {
      const pinning = readUint(field)
      if (field.isInner) refuse(field, 'an inner map cannot be pinned')
      if (pinning > 1) refuse(field, `${pinning} is not LIBBPF_PIN_NONE or LIBBPF_PIN_BY_NAME`)
      draft.pinning = pinning === 1 ? 'by_name' : 'none'
    }
  }
}

/** Reads `__uint(name, n)`, which is `int (*name)[n]`. */
function readUint({ btf, map, member }: Field): number {
  const pointer = typeAt(btf, resolveTypedefs(btf, member.type))
  const array = pointer.kind === 'pointer' ? typeAt(btf, pointer.target) : pointer
  if (array.kind !== 'array') {
    throw new ObjectError(`map ${map}: write ${member.name} as __uint(${member.name}, …)`, map)
  }
  return array.length
}

/** Reads `__ulong(name, n)`, which is an enum of one constant. */
function readUlong(field: Field): bigint {
  const type = typeAt(field.btf, resolveTypedefs(field.btf, field.member.type))
  if (type.kind === 'enum' || type.kind === 'enum64') {
    const [constant] = type.values
    if (constant) return BigInt.asUintN(64, BigInt(constant.value))
  }
  return BigInt(readUint(field))
}

/** Reads `__type(name, T)`, which is `T *name`. */
function pointee({ btf, map, member }: Field): TypeId {
  const pointer = typeAt(btf, member.type)
  if (pointer.kind !== 'pointer') {
    throw new ObjectError(`map ${map}: write ${member.name} as __type(${member.name}, …)`, map)
  }
  return pointer.target
}

function sizeOfType(field: Field, id: TypeId): number {
  return (
    knownSize(field.btf, id) ??
    refuse(field, `its type has no size: a ${typeAt(field.btf, id).kind}`)
  )
}

function agreeing(field: Field, before: number | undefined, size: number): number {
  if (before && before !== size) {
    refuse(field, `it is ${size} bytes here and ${before} bytes elsewhere in the declaration`)
  }
  return size
}

/** Reads `__array(values, T)`, which is `T *values[]`: the maps in a map, or the programs in a program array. */
function readInner(field: Field, type: string | undefined): BpfMap | undefined {
  const { btf, map, member, isLast, isInner } = field
  const holdsMaps = type === 'ARRAY_OF_MAPS' || type === 'HASH_OF_MAPS'
  if (isInner) refuse(field, 'an inner map cannot hold maps')
  if (!isLast) refuse(field, 'it must be the last line of the declaration')
  if (!holdsMaps && type !== 'PROG_ARRAY')
    refuse(field, 'only maps of maps or programs have values')
  const array = typeAt(btf, member.type)
  const pointer =
    array.kind === 'array' && array.length === 0
      ? typeAt(btf, resolveTypedefs(btf, array.element))
      : array
  if (pointer.kind !== 'pointer') return refuse(field, 'write it as __array(values, …)')
  if (!holdsMaps) return undefined
  return readMap(btf, `${map}.inner`, structAt(btf, pointer.target, map), true)
}

function structAt(btf: RawBtf, id: TypeId, map: string): Struct {
  const type = typeAt(btf, resolveTypedefs(btf, id))
  if (type.kind !== 'struct') {
    throw new ObjectError(`map ${map} is not declared as a struct`, map)
  }
  return type
}

function refuse({ map, member }: Field, reason: string): never {
  throw new ObjectError(`map ${map}: ${member.name}: ${reason}`, map.replace(/\.inner$/u, ''))
}

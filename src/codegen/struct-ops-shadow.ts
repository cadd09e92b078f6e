import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { TypeId } from '../btf/types.ts'
import { u64, type CompositeLayout, type Member } from '../codec/layout.ts'
import type { BpfMap } from '../object/object.ts'
import type { Layouts } from './layout.ts'

/** The members of a struct_ops map that user space may set before load (gen.c: walk_st_ops_shadow_vars). */
export interface ShadowModel {
  /** The struct's scalars, and its functions as pointers; no other members. */
  readonly layout: CompositeLayout
  /** The names of the members that are functions. */
  readonly functions: readonly string[]
}

export function shadowModel(btf: Btf, layouts: Layouts, map: BpfMap): ShadowModel | undefined {
  const struct = typeAt(btf, map.value ?? 0)
  if (map.origin !== 'struct_ops' || struct.kind !== 'struct') return undefined
  const members: Member[] = []
  const functions: string[] = []
  for (const { name, type, bitOffset, bitSize } of struct.members) {
    // libbpf refuses bitfields here (libbpf.c: bpf_map__init_kern_struct_ops).
    if (!name || bitSize > 0 || bitOffset % 8 !== 0) continue
    const id = resolveTypedefs(btf, type)
    const offset = bitOffset / 8
    if (isScalar(btf, id)) members.push({ name, offset, layout: layouts.of(type, map.name) })
    if (!isFunctionPointer(btf, id)) continue
    members.push({ name, offset, layout: u64 })
    functions.push(name)
  }
  const { name, size } = struct
  return { layout: { kind: 'struct', name, size, members }, functions }
}

/** `id` is the type behind typedefs and modifiers. */
export function isScalar(btf: Btf, id: TypeId): boolean {
  const { kind } = typeAt(btf, id)
  return kind === 'int' || kind === 'float' || kind === 'enum' || kind === 'enum64'
}

/** `id` is the type behind typedefs and modifiers. */
export function isFunctionPointer(btf: Btf, id: TypeId): boolean {
  const type = typeAt(btf, id)
  return (
    type.kind === 'pointer' && typeAt(btf, resolveTypedefs(btf, type.target)).kind === 'func_proto'
  )
}

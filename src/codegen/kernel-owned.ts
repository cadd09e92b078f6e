import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { TypeId } from '../btf/types.ts'

/** The structs in map values that only the kernel reads and writes (kernel/bpf/btf.c: btf_get_field_type). */
const KERNEL_STRUCTS: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_res_spin_lock',
  'bpf_timer',
  'bpf_wq',
  'bpf_task_work',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
])

/** The type tags of pointers to kernel objects (kernel/bpf/btf.c: btf_find_kptr). `uptr` is not one: user space sets it. */
const KPTR_TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr'])

/** Returns whether user space can neither read nor write a field of this type, or an array of it. */
export function isKernelOwned(btf: Btf, id: TypeId): boolean {
  let type = typeAt(btf, resolveTypedefs(btf, id))
  for (let depth = 0; type.kind === 'array' && depth < 32; depth++) {
    type = typeAt(btf, resolveTypedefs(btf, type.element))
  }
  if (type.kind === 'struct') return KERNEL_STRUCTS.has(type.name)
  return type.kind === 'pointer' && isKptrTarget(btf, type.target)
}

/** Returns whether a value of this type has such a field at any depth: the kernel refuses to map memory that has one. */
export function holdsKernelOwned(btf: Btf, id: TypeId, depth = 0): boolean {
  if (isKernelOwned(btf, id)) return true
  const type = typeAt(btf, resolveTypedefs(btf, id))
  // No C program nests as deep, but damaged BTF may.
  if (depth > 32) return false
  switch (type.kind) {
    case 'array':
      return holdsKernelOwned(btf, type.element, depth + 1)
    case 'struct':
    case 'union':
      return type.members.some((member) => holdsKernelOwned(btf, member.type, depth + 1))
    default:
      return false
  }
}

/** Returns whether a pointer's target has a kptr tag, which clang writes between the pointer and its target. */
function isKptrTarget(btf: Btf, target: TypeId): boolean {
  let type = typeAt(btf, target)
  for (let depth = 0; depth < 32; depth++) {
    if (type.kind === 'type_tag' && KPTR_TAGS.has(type.name)) return true
    if (type.kind !== 'type_tag' && type.kind !== 'const' && type.kind !== 'volatile') return false
    type = typeAt(btf, type.target)
  }
  return false
}

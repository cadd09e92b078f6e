import { readBtfOf, typeAt } from '../../btf/btf.ts'
import { readElf } from '../../elf/elf.ts'
import { SHN_UNDEF } from '../../uapi/elf.ts'

/**
 * Whether the BTF of an object describes every symbol that the object leaves undefined.
 *
 * clang describes an extern that it parses, and a function that a call names. A function that a precompiled header
 * declares and that only `__attribute__((cleanup))` calls is neither: `bpf_iter_num_destroy` of `bpf_for()`. libbpf
 * cannot load such an object.
 */
export function describesExterns(object: Uint8Array): boolean {
  const elf = readElf(object)
  const undefinedNames = elf.symbols
    .filter(({ name, section, binding }) => name && section === SHN_UNDEF && binding !== 'local')
    .map(({ name }) => name)
  if (undefinedNames.length === 0) return true
  const btf = readBtfOf(elf)
  if (!btf) return true
  const described = new Set(
    btf.types.flatMap((type) =>
      type.kind === 'datasec'
        ? type.variables.map((variable) => typeAt(btf, variable.type).name)
        : [],
    ),
  )
  return undefinedNames.every((name) => described.has(name))
}

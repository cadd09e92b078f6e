import { typeAt, type RawBtf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Elf, Section } from '../elf/elf.ts'
import { SHF_EXECINSTR, SHT_PROGBITS } from '../uapi/elf.ts'
import { BPF_F_LINK } from '../uapi/map-flags.ts'
import type { PlacedDatasec } from './datasec.ts'
import { ObjectError } from './object-error.ts'
import type { BpfMap } from './object.ts'

const SECTIONS: ReadonlySet<string> = new Set([
  '.struct_ops',
  '.struct_ops.link',
  '?.struct_ops',
  '?.struct_ops.link',
])

/** Returns a map for each struct_ops variable (libbpf.c: init_struct_ops_maps). */
export function readStructOps(
  elf: Elf,
  btf: RawBtf,
  datasecs: ReadonlyMap<string, PlacedDatasec>,
): BpfMap[] {
  return elf.sections.flatMap((header) => {
    if (!isStructOps(header)) return []
    const { name: section, size } = header
    return (datasecs.get(section)?.variables ?? []).map(({ name, type, offset }): BpfMap => {
      const id = resolveTypedefs(btf, type)
      const struct = typeAt(btf, id)
      if (struct.kind !== 'struct' || !struct.name || offset + struct.size > size) {
        throw new ObjectError(`${name} in SEC("${section}") must be a named struct`, name)
      }
      return {
        name,
        elfName: name,
        origin: 'struct_ops',
        type: 'STRUCT_OPS',
        keySize: 4,
        valueSize: struct.size,
        maxEntries: 1,
        flags: section.endsWith('.link') ? BPF_F_LINK : 0,
        pinning: 'none',
        numaNode: undefined,
        mapExtra: 0n,
        autocreate: !section.startsWith('?'),
        key: undefined,
        value: id,
        inner: undefined,
      }
    })
  })
}

export function isStructOps({ name, type, flags, size }: Section): boolean {
  const holdsData = type === SHT_PROGBITS && (flags & SHF_EXECINSTR) === 0 && size > 0
  return holdsData && SECTIONS.has(name)
}

/** Returns the ELF section of a struct_ops map's variable. */
export function structOpsSection({ flags, autocreate }: BpfMap): string {
  return `${autocreate ? '' : '?'}.struct_ops${(flags & BPF_F_LINK) === 0 ? '' : '.link'}`
}

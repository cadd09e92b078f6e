import { codec } from '../codec/codec.ts'
import { sizeOf, type Layout } from '../codec/layout.ts'
import type { SkeletonModel } from '../codegen/model.ts'
import type { BpfObject, Variable } from '../object/object.ts'

/** Bytes: a table of numbers is none that a person reads. */
const longest = 1024

/** What variables are before anything is written to them, as a skeleton reads them; by ELF section. */
export function initialValues(
  { elf }: BpfObject,
  { sections }: SkeletonModel,
): (section: string, variable: Variable) => { value?: unknown } {
  const contents = new Map(elf.sections.map((section) => [section.name, section.data]))
  const layouts = new Map<string, Layout>()
  for (const { elfName, layout } of sections) {
    for (const member of layout.members) layouts.set(`${elfName} ${member.offset}`, member.layout)
  }
  return (section, { offset, size }) => {
    const layout = layouts.get(`${section} ${offset}`)
    const data = contents.get(section)
    // .kconfig is in no file: libbpf fills it in. Codecs read what machines that load write.
    if (!layout || !data || !elf.littleEndian) return {}
    if (size > longest || sizeOf(layout) !== size) return {}
    const bytes = new Uint8Array(size)
    bytes.set(data.subarray(offset, offset + size))
    return decoded(layout, bytes)
  }
}

/** A damaged BTF may have members outside of their struct, which have no value. */
function decoded(layout: Layout, bytes: Uint8Array): { value?: unknown } {
  try {
    return { value: codec(layout).decode(bytes) }
  } catch (error) {
    if (error instanceof RangeError) return {}
    throw error
  }
}

import { codec } from '../codec/codec.ts'
import { sizeOf, type Layout } from '../codec/layout.ts'
import type { SkeletonModel } from '../codegen/model.ts'
import type { BpfObject, Variable } from '../object/object.ts'

/** Bytes: a table of numbers is none that a person reads. */
const longest = 1024

/** What variables are before anything is written to them, as a skeleton reads them. */
export function initialValues(
  { elf, sections }: BpfObject,
  model: SkeletonModel,
): (section: string, variable: Variable) => { value?: unknown } {
  const files = new Map(elf.sections.map((section) => [section.name, section.data]))
  const contents = new Map(sections.map(({ ident, name }) => [ident, files.get(name)]))
  const layouts = new Map<string, Layout>()
  for (const { ident, layout } of model.sections) {
    for (const member of layout.members) layouts.set(`${ident} ${member.offset}`, member.layout)
  }
  return (ident, { offset, size }) => {
    const layout = layouts.get(`${ident} ${offset}`)
    const data = contents.get(ident)
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

import type { SkeletonModel } from '../codegen/model.ts'
import type { BpfObject, Variable } from '../object/object.ts'
import { codec } from '../runtime/codec/codec.ts'
import { sizeOf, type Layout } from '../runtime/codec/layout.ts'

/** Bytes: a table of numbers is none that a person reads. */
const longest = 1024

/** What variables are before anything is written to them, as a skeleton reads them. */
export function initialValues(
  { elf, sections }: BpfObject,
  model: SkeletonModel,
): (section: string, variable: Variable) => { value?: unknown } {
  const layouts = new Map(model.sections.map(({ ident, layout }) => [ident, layout]))
  const files = new Map(sections.map(({ ident, name }) => [ident, name]))
  return (ident, { offset, size }) => {
    const members = layouts.get(ident)?.members ?? []
    const member = members.find((one) => one.offset === offset && sizeOf(one.layout) === size)
    const section = elf.sections.find(({ name }) => name === files.get(ident))
    // .kconfig is in no file: libbpf fills it in. Codecs read what machines that load write.
    if (!member || !section || size > longest || !elf.littleEndian) return {}
    const bytes = new Uint8Array(size)
    bytes.set(section.data.subarray(offset, offset + size))
    return decoded(member.layout, bytes)
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

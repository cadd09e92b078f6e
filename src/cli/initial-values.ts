import { codec } from '../codec/codec.ts'
import { sizeOf, type Layout } from '../codec/layout.ts'
import type { SkeletonModel } from '../codegen/model.ts'
import type { BpfObject, Variable } from '../object/object.ts'

/** Bytes. Larger variables, such as tables, are not printed. */
const longest = 1024

/** Returns a function that reads the initial value of a variable of an ELF section, as a skeleton reads it. */
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
    // libbpf fills .kconfig in at load. Codecs read little-endian data alone.
    if (!layout || !data || !elf.littleEndian) return {}
    if (size > longest || sizeOf(layout) !== size) return {}
    const bytes = new Uint8Array(size)
    bytes.set(data.subarray(offset, offset + size))
    return decoded(layout, bytes)
  }
}

/** Decodes a value. Damaged BTF may have members outside their struct, which have none. */
function decoded(layout: Layout, bytes: Uint8Array): { value?: unknown } {
  try {
    return { value: codec(layout).decode(bytes) }
  } catch (error) {
    if (error instanceof RangeError) return {}
    throw error
  }
}

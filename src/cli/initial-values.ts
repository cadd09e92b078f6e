import type { SkeletonModel } from '../codegen/model.ts'
import type { BpfObject, Variable } from '../object/object.ts'
import { codec } from '../runtime/codec/codec.ts'

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
    const member = layouts.get(ident)?.members.find((candidate) => candidate.offset === offset)
    const section = elf.sections.find(({ name }) => name === files.get(ident))
    // .kconfig is in no file: libbpf fills it in. Codecs read what machines that load write.
    if (!member || !section || size > longest || !elf.littleEndian) return {}
    const bytes = new Uint8Array(size)
    bytes.set(section.data.subarray(offset, offset + size))
    return { value: codec(member.layout).decode(bytes) }
  }
}

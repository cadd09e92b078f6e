import type { CompositeLayout, Member } from '../../codec/layout.ts'
import { sizeOf } from '../../codec/layout.ts'

type Methods = Record<string, (offset: number, ...rest: unknown[]) => unknown>

/**
 * Makes a DataView over a section's memory that takes the offsets of an older layout: views made before an edit then
 * read and write the variables where the edited program has them.
 * @param before the layout whose offsets the DataView takes
 * @param after the layout of the memory: the same variables of the same types, and maybe more
 */
export function translatedDataView(
  memory: DataView,
  before: CompositeLayout,
  after: CompositeLayout,
): DataView {
  const ranges = before.members.flatMap((member) => {
    const target = after.members.find(({ name }) => name === member.name)
    return target
      ? [{ start: member.offset, end: endOf(member), delta: target.offset - member.offset }]
      : []
  })
  const translate = (offset: number): number => {
    const range = ranges.find(({ start, end }) => start <= offset && offset < end)
    if (!range) throw new RangeError(`no variable is at ${offset}`)
    return offset + range.delta
  }
  const view = new DataView(new ArrayBuffer(0))
  for (const name of Object.getOwnPropertyNames(DataView.prototype)) {
    if (!/^[gs]et/.test(name)) continue
    const value = (offset: number, ...rest: unknown[]): unknown =>
      (memory as unknown as Methods)[name]?.(translate(offset), ...rest)
    Object.defineProperty(view, name, { value })
  }
  // Codecs read strings and bytes through the buffer.
  return Object.defineProperty(view, 'buffer', {
    get() {
      const bytes = new Uint8Array(before.size)
      const { buffer, byteOffset } = memory
      for (const { start, end, delta } of ranges) {
        bytes.set(new Uint8Array(buffer, byteOffset + start + delta, end - start), start)
      }
      return bytes.buffer
    },
  })
}

function endOf({ offset, layout }: Member): number {
  return offset + sizeOf(layout)
}

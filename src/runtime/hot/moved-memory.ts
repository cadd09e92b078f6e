import type { CompositeLayout, Member } from '../../codec/layout.ts'
import { sizeOf } from '../../codec/layout.ts'

type Methods = Record<string, (offset: number, ...rest: unknown[]) => unknown>

/**
 * The variables of a section where `from` has them, in memory that has them where `to` says. Both have the same
 * variables, of the same types; `to` may have more.
 */
export function movedMemory(
  memory: DataView,
  from: CompositeLayout,
  to: CompositeLayout,
): DataView {
  const moves = from.members.flatMap((member) => {
    const target = to.members.find(({ name }) => name === member.name)
    return target
      ? [{ start: member.offset, end: endOf(member), by: target.offset - member.offset }]
      : []
  })
  const place = (offset: number): number => {
    const move = moves.find(({ start, end }) => start <= offset && offset < end)
    if (!move) throw new RangeError(`no variable is at ${offset}`)
    return offset + move.by
  }
  const seen = new DataView(new ArrayBuffer(0))
  for (const name of Object.getOwnPropertyNames(DataView.prototype)) {
    if (!/^[gs]et/.test(name)) continue
    const value = (offset: number, ...rest: unknown[]): unknown =>
      (memory as unknown as Methods)[name]?.(place(offset), ...rest)
    Object.defineProperty(seen, name, { value })
  }
  // Strings and bytes are read through it.
  return Object.defineProperty(seen, 'buffer', {
    get() {
      const whole = new Uint8Array(from.size)
      const { buffer, byteOffset } = memory
      for (const { start, end, by } of moves) {
        whole.set(new Uint8Array(buffer, byteOffset + start + by, end - start), start)
      }
      return whole.buffer
    },
  })
}

function endOf({ offset, layout }: Member): number {
  return offset + sizeOf(layout)
}

/** Sets all bytes to zero. */
export function clear(memory: DataView): void {
  let o = 0
  for (; o + 4 <= memory.byteLength; o += 4) memory.setUint32(o, 0)
  for (; o < memory.byteLength; o++) memory.setUint8(o, 0)
}

/**
 * Copies the bytes `start` to `end` of `from` to the same place behind `offset`. By the methods of
 * DataView, word by word: quicker than making the arrays that a bulk copy needs, and memory that
 * refuses to be written says so.
 */
export function copy(
  from: DataView,
  to: DataView,
  offset: number,
  start = 0,
  end: number = from.byteLength,
): void {
  let o = start
  for (; o + 4 <= end; o += 4) to.setUint32(offset + o, from.getUint32(o))
  for (; o < end; o++) to.setUint8(offset + o, from.getUint8(o))
}

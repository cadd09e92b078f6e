/** A line of /proc/PID/maps (fs/proc/task_mmu.c: show_map_vma). */
export interface MemoryRange {
  readonly start: number
  readonly end: number
  /** `start-end` as the kernel writes it, which names the range in /proc/PID/map_files. */
  readonly range: string
  /** The offset in the file of the range's first byte. */
  readonly fileOffset: number
  readonly inode: number
  /** Empty for anonymous memory; `[vdso]`, `[heap]` and the like for special memory. */
  readonly path: string
  /** Whether the file has been removed or replaced. */
  readonly deleted: boolean
}

const deletedSuffix = ' (deleted)'

export function parseMemoryMap(text: string): MemoryRange[] {
  const ranges: MemoryRange[] = []
  for (const line of text.split('\n')) {
    const fields = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ (\d+) *(.*)$/.exec(line)
    if (!fields) continue
    const [, start = '', end = '', offset = '', inode = '', name = ''] = fields
    const deleted = name.endsWith(deletedSuffix)
    ranges.push({
      start: address(start),
      end: address(end),
      range: `${start}-${end}`,
      fileOffset: Number.parseInt(offset, 16),
      inode: Number(inode),
      // The kernel escapes the newline alone.
      path: (deleted ? name.slice(0, -deletedSuffix.length) : name).replaceAll('\\012', '\n'),
      deleted,
    })
  }
  return ranges
}

/** Reads an address as a signed number, because the vsyscall page is in the upper half. */
function address(hexadecimal: string): number {
  return Number(BigInt.asIntN(64, BigInt(`0x${hexadecimal}`)))
}

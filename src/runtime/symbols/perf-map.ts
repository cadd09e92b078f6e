import { SymbolTable, symbolRows } from './symbol-table.ts'

/** The most characters of a line before its name. */
const maxPrefixLength = 40

/**
 * Parses a perf map, in which a JIT compiler lists its code (linux: tools/perf/Documentation/jit-interface.txt): lines
 * of start, size and name, both numbers hexadecimal. Code moves and its memory is used again, so that of several lines
 * for an address the last one counts.
 */
export function parsePerfMap(bytes: Buffer): SymbolTable {
  const rows = symbolRows()
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf('\n', at)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.toString('latin1', at, Math.min(end, at + maxPrefixLength))
    const fields = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,12}) ./i.exec(line)
    if (fields) {
      const [prefix, start = '', size = ''] = fields
      rows.starts.push(Number.parseInt(start, 16))
      rows.sizes.push(Number.parseInt(size, 16))
      rows.ranks.push(rows.ranks.length)
      rows.nameOffsets.push(at + prefix.length - 1)
    }
    at = end + 1
  }
  return new SymbolTable(rows, bytes, 'rank')
}

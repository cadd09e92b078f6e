import { inspect } from 'node:util'

import type { Paint } from '../compile/clang/diagnostics.ts'

/** Returns a function that colours text for `stream` if it shows colours. FORCE_COLOR and NO_COLOR override, as in Node. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  if (!hasColours(stream)) return (_style, text) => text
  return (style, text) => {
    const [begin, end] = inspect.colors[style] ?? []
    return `\u001B[${begin}m${text}\u001B[${end}m`
  }
}

function hasColours(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none } = process.env
  if (force !== undefined) return !['0', 'false'].includes(force)
  if (none !== undefined && none !== '') return false
  return stream.isTTY && stream.hasColors()
}

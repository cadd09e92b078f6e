import { inspect } from 'node:util'

import type { Paint } from '../compile/clang/diagnostics.ts'

/** Colours for what is written to `stream`, where it shows them. FORCE_COLOR and NO_COLOR decide, as in Node itself. */
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

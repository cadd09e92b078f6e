import { evaluate, type Constants } from './constant-expression.ts'
import { macroExpansion } from './macro-expansion.ts'
import type { MacroDefinition } from './macros.ts'
import type { SourceLocation } from './source-location.ts'

export interface ConstantMacro {
  readonly name: string
  readonly value: number | bigint | string
  /** Absent for a macro of the command line. */
  readonly place?: SourceLocation
}

/**
 * Lists the user's object-like macros that are an integer or a string, in the order of the source. `commandLine` names those
 * of the command line that are the user's.
 */
export function constantMacros(
  macros: ReadonlyMap<string, MacroDefinition>,
  isOwn: (file: string) => boolean,
  commandLine: ReadonlySet<string>,
  constants: Constants,
): ConstantMacro[] {
  const found: ConstantMacro[] = []
  const expand = macroExpansion(macros)
  for (const macro of macros.values()) {
    const { name, parameters, file, line } = macro
    if (parameters || macro.body === '') continue
    if (file === undefined ? !commandLine.has(name) : !isOwn(file)) continue
    const tokens = expand(macro)
    const value = tokens && evaluate(tokens, constants)
    if (value !== undefined)
      found.push({ name, value, ...(file !== undefined && { place: { file, line } }) })
  }
  return found
}

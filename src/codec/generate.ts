import { apply, construct } from './intrinsics.ts'

/** What generated code calls, by the names it uses. */
export type Environment = Record<string, unknown>

const Code = Function
const { keys } = Object

/**
 * Runs generated code with the environment's values under their names. Undefined where no code may be
 * generated: under a Content-Security-Policy, or `--disallow-code-generation-from-strings`.
 */
export function generate(source: string, environment: Environment): unknown {
  const names = keys(environment)
  const values: unknown[] = []
  for (let i = 0; i < names.length; i++) values[i] = environment[names[i] ?? '']
  names[names.length] = source
  try {
    return apply(construct(Code, names) as () => unknown, undefined, values)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

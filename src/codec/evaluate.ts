import { apply, construct } from './intrinsics.ts'

/** The functions that generated code calls, by the names that it uses. */
export type Environment = Record<string, unknown>

const FunctionConstructor = Function
const { keys } = Object

/**
 * Runs generated code with the environment's values under their names. Returns undefined where code generation is
 * forbidden: by a Content-Security-Policy, or by Node's `--disallow-code-generation-from-strings`.
 */
export function evaluate(source: string, environment: Environment): unknown {
  const names = keys(environment)
  const values: unknown[] = []
  for (let i = 0; i < names.length; i++) values[i] = environment[names[i] ?? '']
  names[names.length] = source
  try {
    return apply(construct(FunctionConstructor, names) as () => unknown, undefined, values)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/** What generated code calls, by the names it uses. */
export type Environment = Record<string, unknown>

/**
 * Runs generated code with the environment's values under their names. Undefined where no code may be
 * generated: under a Content-Security-Policy, or `--disallow-code-generation-from-strings`.
 */
export function generate(source: string, environment: Environment): unknown {
  try {
    return new Function(...Object.keys(environment), source)(...Object.values(environment))
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

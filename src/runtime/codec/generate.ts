/**
 * Runs generated code with the environment's values under their names. Undefined where no code may be
 * generated: under a Content-Security-Policy, or `--disallow-code-generation-from-strings`.
 */
export function generate(source: string, environment: object): unknown {
  try {
    return new Function(...Object.keys(environment), source)(...Object.values(environment))
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/** The result of building a source that Node imports. */
export type NodeModuleText =
  | { readonly code: string; readonly warnings: string }
  | { readonly code: undefined; readonly errors: string }

/**
 * Returns the module's code, after printing its warnings.
 *
 * @throws SyntaxError with clang's errors
 */
export function codeOf(text: NodeModuleText): string {
  if (text.code === undefined) throw new SyntaxError(text.errors)
  if (text.warnings !== '') process.stderr.write(`${text.warnings}\n`)
  return text.code
}

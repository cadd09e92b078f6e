/** A failure of the machine, not of the source: clang crashed or hung, or a file cannot be read. */
export class CompileError extends Error {
  override readonly name: string = 'CompileError'
}

/** No clang that can compile BPF was found. `tried` has the names and paths that were looked for. */
export class ClangNotFoundError extends CompileError {
  override readonly name: string = 'ClangNotFoundError'
  readonly tried: readonly string[]

  constructor(message: string, tried: readonly string[]) {
    super(message)
    this.tried = tried
  }
}

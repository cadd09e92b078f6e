/** The machine is at fault, not the source: clang crashed, hangs, or a file cannot be had. */
export class CompileError extends Error {
  override readonly name: string = 'CompileError'
}

/** No clang that can compile BPF; `tried` are the names and paths looked for. */
export class ClangNotFoundError extends CompileError {
  override readonly name: string = 'ClangNotFoundError'
  readonly tried: readonly string[]

  constructor(message: string, tried: readonly string[]) {
    super(message)
    this.tried = tried
  }
}

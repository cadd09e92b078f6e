import { compile, type CompileResult } from '../compile/compile.ts'
import type { Arch } from '../compile/options/arch.ts'
import type { ResolvedOptions } from '../compile/options/options.ts'

export interface ArchCompile {
  readonly arch: Arch
  readonly result: CompileResult
}

/** Compiles a source for each architecture of the options. */
export function compileAll(source: string, options: ResolvedOptions): Promise<ArchCompile[]> {
  return Promise.all(
    options.arch.map(async (arch) => ({ arch, result: await compile(source, options, arch) })),
  )
}

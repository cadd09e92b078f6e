import { buildModule } from '../../src/codegen/skeleton-module.ts'
import { formatDiagnostic } from '../../src/compile/clang/diagnostics.ts'
import type { NodeModuleText } from './module-text.ts'

/** Builds the module of one `.bpf.c` for Node, with the options of the workspace of `cwd`. */
export async function buildForNode(file: string, cwd: string): Promise<NodeModuleText> {
  const { code, diagnostics } = await buildModule(file, { cwd })
  const text = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')
  return code === undefined ? { code, errors: text } : { code, warnings: text }
}

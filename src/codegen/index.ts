/**
 * The engine without a bundler: a `.bpf.c` in, a JavaScript module and its declarations out.
 *
 * @example
 * ```ts
 * import { buildSkeleton, declarationFile, writeDeclarations } from 'unplugin-bpf/codegen'
 *
 * const { code, declarationsFor, diagnostics } = await buildSkeleton('src/trace.bpf.c')
 * ```
 * @module unplugin-bpf/codegen
 */
export { buildSkeleton, type SkeletonBuild } from './skeleton.ts'
export { declarationFile, writeDeclarations } from './declaration-file.ts'
export { skeletonModel, type SkeletonModel } from './model.ts'
export { browserJavascript, type Embedded, javascript } from './javascript.ts'
export { declarations } from './declarations.ts'
export { cHeader } from './c-header.ts'
export { describeSkeleton, type SkeletonDescription } from './json.ts'
export { layoutOf, layoutsOf, type Layouts, type LayoutWarning } from './layout.ts'

export { readObject } from '../object/read-object.ts'
export { objectName } from '../object/identifier.ts'
export { ObjectError } from '../object/object-error.ts'
export type { BpfMap, BpfObject, DataSection, Program, Variable } from '../object/object.ts'
export { FormatError } from '../elf/format-error.ts'

export {
  ClangNotFoundError,
  CompileError,
  formatDiagnostic,
  type Diagnostic,
} from '../compile/compile.ts'
export { resolveOptions, type Options, type ResolvedOptions } from '../compile/options/options.ts'

import { resolve } from 'node:path'

import { compile, type CompileResult, type Diagnostic } from '../compile/compile.ts'
import { resolveOptions, type Options, type ResolvedOptions } from '../compile/options.ts'
import { readSourceInfo } from '../dwarf/source-info.ts'
import { readElf } from '../elf/elf.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import { ObjectError } from '../object/object-error.ts'
import type { BpfObject } from '../object/object.ts'
import { readObject } from '../object/read-object.ts'
import { declarations } from './declarations.ts'
import { diagnosticOf } from './diagnostic.ts'
import { browserJavascript, javascript } from './javascript.ts'
import { declaredIn, skeletonModel, type SkeletonModel } from './model.ts'
import { ownFiles } from './own-files.ts'

/** What a `.bpf.c` became. All but `dependencies` and `diagnostics` is absent when it has errors. */
export interface SkeletonBuild {
  /** The generated module, for Node. */
  readonly code?: string | undefined
  /** The same for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** The content of `X.bpf.d.c.ts`, whose declaration map depends on where that file will be. */
  readonly declarationsFor?: ((file: string) => string) | undefined
  /** The ELF that the module embeds: DWARF stripped, BTF kept. */
  readonly object?: Uint8Array | undefined
  readonly bpf?: BpfObject | undefined
  readonly model?: SkeletonModel | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

/** By what was compiled: builds of one file that run at once share a compile, and what is made of it. */
const generated = new WeakMap<CompileResult, SkeletonBuild>()

/**
 * Compiles a `.bpf.c` and generates its skeleton. Errors of the source are diagnostics. Throws
 * ClangNotFoundError or CompileError where the machine is at fault, TypeError for options that make no
 * sense.
 */
export async function buildSkeleton(
  file: string,
  options: Options | ResolvedOptions = {},
): Promise<SkeletonBuild> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const compiled = await compile(source, resolved)
  let build = generated.get(compiled)
  if (!build) generated.set(compiled, (build = generate(source, resolved, compiled)))
  return build
}

function generate(
  source: string,
  { root }: ResolvedOptions,
  { object: compiled, dependencies, diagnostics, folder }: CompileResult,
): SkeletonBuild {
  if (!compiled) return { dependencies, diagnostics }
  const info = readSourceInfo(readElf(compiled), { isOwn: ownFiles(root), directory: folder })
  const declared = declaredIn(info)
  const object = stripDebug(compiled)
  let bpf: BpfObject
  try {
    bpf = readObject(object, { name: objectName(source) })
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error
    const { message, subject } = error
    const refusal = diagnosticOf('error', { message, subject }, declared, source)
    return { dependencies, diagnostics: [...diagnostics, refusal] }
  }
  const model = skeletonModel(bpf, info)
  const warnings = model.warnings.map((warning) =>
    diagnosticOf('warning', warning, declared, source),
  )
  return {
    object,
    bpf,
    model,
    get code() {
      return javascript(model, object)
    },
    get browserCode() {
      return browserJavascript(model)
    },
    declarationsFor: (file) => declarations(model, { file, source }),
    dependencies,
    diagnostics: [...diagnostics, ...warnings],
  }
}

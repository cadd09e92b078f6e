import { resolve } from 'node:path'

import type { Diagnostic } from '../compile/compile.ts'
import type { Arch } from '../compile/options/arch.ts'
import { resolveOptions, type Options, type ResolvedOptions } from '../compile/options/options.ts'
import type { BpfObject } from '../object/object.ts'
import { type ArchBuild, archBuildOf } from './arch-build.ts'
import { archDifferences } from './arch-differences.ts'
import { compileAll, type ArchCompile } from './compile-all.ts'
import { declarations } from './declarations.ts'
import { diagnosticOf } from './diagnostic.ts'
import { browserJavascript, type Embedded, javascript } from './javascript.ts'
import { minKernelWarnings } from './min-kernel.ts'
import type { Declared, SkeletonModel } from './model.ts'

/** What a `.bpf.c` became. All but `dependencies` and `diagnostics` is absent when it has errors. */
export interface SkeletonBuild {
  /** The generated module, for Node. */
  readonly code?: string | undefined
  /** The same for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** The content of `X.bpf.d.c.ts`, whose declaration map depends on where that file will be. */
  readonly declarationsFor?: ((file: string) => string) | undefined
  /** The ELF that the module embeds, of several the first: DWARF stripped, BTF kept. */
  readonly object?: Uint8Array | undefined
  /** That, or all by their architectures where the option `arch` names them. */
  readonly embedded?: Embedded | undefined
  /** The first architecture's, as is the model: types, and all that declarations say. */
  readonly bpf?: BpfObject | undefined
  readonly model?: SkeletonModel | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

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
  return skeletonOf(source, resolved, await compileAll(source, resolved))
}

/** What becomes of a source's objects, one an architecture. */
export function skeletonOf(
  source: string,
  { archIsGiven, minKernel }: ResolvedOptions,
  compiled: readonly ArchCompile[],
): SkeletonBuild {
  const parts = compiled.map(({ arch, result }): ArchResult => {
    const { dependencies, diagnostics, built: made } = archBuildOf(source, result)
    const newer = made && minKernel ? minKernelWarnings(made, minKernel, source) : []
    return { arch, dependencies, diagnostics: diagnostics.concat(newer), built: made }
  })
  const dependencies = [...new Set(parts.flatMap((part) => part.dependencies))]
  const diagnostics = mergedDiagnostics(parts)
  const made = parts.flatMap(({ arch, built: made }) => (made ? [{ arch, ...made }] : []))
  const [first, ...others] = made
  if (!first || made.length < parts.length) return { dependencies, diagnostics }

  const { errors, warnings } = archDifferences(first, others)
  const declared = mergedDeclarations(made.map(({ model }) => model))
  diagnostics.push(
    ...errors.map((error) => diagnosticOf('error', error, declared, source)),
    ...warnings.map((warning) => diagnosticOf('warning', warning, declared, source)),
  )
  if (errors.length > 0) return { dependencies, diagnostics }
  const { object, bpf, model } = first
  const objects = new Map(made.map((one) => [one.arch, one.object]))
  const embedded = archIsGiven ? objects : object
  return {
    object,
    embedded,
    bpf,
    model,
    get code() {
      return javascript(model, embedded)
    },
    get browserCode() {
      return browserJavascript(model)
    },
    declarationsFor: (file) => declarations(model, { file, source }),
    dependencies,
    diagnostics,
  }
}

/** Where something is declared that may be there for one architecture alone; the first's come first. */
function mergedDeclarations(models: readonly SkeletonModel[]): Map<string, Declared> {
  const places = new Map<string, Declared>()
  for (const { declared, defines } of models.toReversed()) {
    for (const { name, declared: place } of defines) if (place) places.set(name, place)
    for (const [name, place] of declared) places.set(name, place)
  }
  return places
}

interface ArchResult extends ArchBuild {
  readonly arch: Arch
}

/**
 * What is said of all architectures once; of the rest, for which. libbpf's BPF_PROG has a program's
 * arguments twice, and clang complains of each.
 */
function mergedDiagnostics(parts: readonly ArchResult[]): Diagnostic[] {
  const merged = new Map<string, { diagnostic: Diagnostic; arches: Set<Arch> }>()
  for (const { arch, diagnostics } of parts) {
    for (const diagnostic of diagnostics) {
      const { file, line, column, severity, message } = diagnostic
      const key = [file, line, column, severity, message].join(':')
      const known = merged.get(key)
      if (known) known.arches.add(arch)
      else merged.set(key, { diagnostic, arches: new Set([arch]) })
    }
  }
  return Array.from(merged.values(), ({ diagnostic, arches }) =>
    arches.size === parts.length
      ? diagnostic
      : { ...diagnostic, message: `${diagnostic.message} (for ${[...arches].join(', ')})` },
  )
}

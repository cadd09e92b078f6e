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

/** The result of building a `.bpf.c`. Only `dependencies` and `diagnostics` are present when it has errors. */
export interface SkeletonBuild {
  /** The generated module, for Node. */
  readonly code?: string | undefined
  /** The module for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** Returns the content of `X.bpf.d.c.ts`, whose declaration map depends on the path of that file. */
  readonly declarationsFor?: ((file: string) => string) | undefined
  /** The ELF that the module embeds (the first of several), without DWARF, with BTF. */
  readonly object?: Uint8Array | undefined
  /** That object, or all of them by architecture where the option `arch` names several. */
  readonly embedded?: Embedded | undefined
  /** The object model and the skeleton's model, of the first architecture. */
  readonly bpf?: BpfObject | undefined
  readonly model?: SkeletonModel | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Compiles a `.bpf.c` and generates its skeleton. Errors in the source are diagnostics. Throws a ClangNotFoundError or
 * CompileError where the machine is at fault, and a TypeError for invalid options.
 */
export async function buildSkeleton(
  file: string,
  options: Options | ResolvedOptions = {},
): Promise<SkeletonBuild> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  return skeletonOf(source, resolved, await compileAll(source, resolved))
}

/** Makes the skeleton of a source from its objects, one for each architecture. */
export function skeletonOf(
  source: string,
  { archIsGiven, minKernel }: ResolvedOptions,
  compiled: readonly ArchCompile[],
): SkeletonBuild {
  const parts = compiled.map(({ arch, result }): ArchResult => {
    const { dependencies, diagnostics, built } = archBuildOf(source, result)
    const newer = built && minKernel ? minKernelWarnings(built, minKernel, source) : []
    return { arch, dependencies, diagnostics: diagnostics.concat(newer), built }
  })
  const dependencies = [...new Set(parts.flatMap((part) => part.dependencies))]
  const diagnostics = mergedDiagnostics(parts)
  const builds = parts.flatMap(({ arch, built }) => (built ? [{ arch, ...built }] : []))
  const [first, ...others] = builds
  if (!first || builds.length < parts.length) return { dependencies, diagnostics }

  const { errors, warnings } = archDifferences(first, others)
  const declared = mergedDeclarations(builds.map(({ model }) => model))
  diagnostics.push(
    ...errors.map((error) => diagnosticOf('error', error, declared, source)),
    ...warnings.map((warning) => diagnosticOf('warning', warning, declared, source)),
  )
  if (errors.length > 0) return { dependencies, diagnostics }
  const { object, bpf, model } = first
  const objects = new Map(builds.map(({ arch, object }) => [arch, object]))
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

/** Returns the declarations of all architectures by name; the first architecture's take precedence. */
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
 * Merges equal diagnostics, and says for which architectures where not all have them. Within one architecture too:
 * libbpf's BPF_PROG repeats a program's arguments, and clang warns of each.
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

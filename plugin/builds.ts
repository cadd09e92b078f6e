import { writeDeclarations } from '../src/codegen/declaration-file.ts'
import { buildModule, type SkeletonModule } from '../src/codegen/skeleton-module.ts'
import type { Diagnostic } from '../src/compile/clang/diagnostics.ts'
import { type Arch, nativeArch } from '../src/compile/options/arch.ts'
import {
  type Options,
  type ResolvedOptions,
  resolveOptions,
} from '../src/compile/options/options.ts'
import { validateOptions } from '../src/compile/options/validate-options.ts'
import { pluginName } from './report.ts'

/** A build without errors has all of its parts. */
type Whole = SkeletonModule & { readonly code: string; readonly browserCode: string }

const isWhole = (module: SkeletonModule): module is Whole => module.code !== undefined

/** How the build of one source ended. `watchFiles` are absolute, the source among them. */
export type Outcome =
  | {
      kind: 'built'
      module: Whole
      warnings: readonly Diagnostic[]
      watchFiles: string[]
    }
  /** The C is at fault. */
  | {
      kind: 'refused'
      errors: readonly Diagnostic[]
      warnings: readonly Diagnostic[]
      watchFiles: string[]
    }
  /** The machine is (no clang, no kernel BTF), or the object is none that can become a skeleton. */
  | { kind: 'failed'; error: Error; watchFiles: string[] }

/**
 * Builds sources and remembers which files each was built from. The engine shares builds of one
 * source that run at once, and caches what did not change.
 */
export class Builds {
  #options: Options
  #copiesKoffi = false
  /** Those that the objects of the bundle are for; of an object for any machine, none is known. */
  readonly #arches = new Set<Arch | 'any'>()
  readonly #readBy = new Map<string, ReadonlySet<string>>()
  readonly #unbuilt = new Set<string>()
  /** The latest of each source, ended or not. */
  readonly #running = new Map<string, Promise<Outcome>>()

  /** Throws a TypeError that names an option at fault. */
  constructor(options: Options) {
    validateOptions(options, `${pluginName}: option`)
    this.#options = options
  }

  /** The bundler's root, known once it is set up: relative paths in the options start there. */
  relativeTo(root: string): void {
    this.#options = { ...this.#options, cwd: this.#options.cwd ?? root }
  }

  /** Whether koffi shall lie beside what the bundler writes: the option `native` of what was built. */
  get copiesKoffi(): boolean {
    return this.#copiesKoffi
  }

  /** Puts it there, if so. Resolves to warnings. */
  async putKoffi(folder: string): Promise<string[]> {
    if (!this.#copiesKoffi) return []
    const { copyKoffi } = await import('./bundlers/copy-koffi.ts')
    const arches = [...this.#arches].filter((arch) => arch !== 'any')
    return copyKoffi(folder, arches.length === this.#arches.size ? arches : undefined)
  }

  build(source: string): Promise<Outcome> {
    const outcome = this.#build(source)
    this.#running.set(source, outcome)
    return outcome
  }

  /** For what has just been edited: a build that began before the edit may have read the old text. */
  async rebuild(source: string): Promise<Outcome> {
    await this.#running.get(source)
    return this.build(source)
  }

  /**
   * The sources to build again when `file` changed. A header that appears may be the one that a
   * failed build did not find, and of which clang left no trace.
   */
  dependents(file: string, change: 'create' | 'update' | 'delete'): string[] {
    const sources = [...this.#readBy]
      .filter(([, files]) => files.has(file))
      .map(([source]) => source)
    const waiting = change === 'create' && file.endsWith('.h') ? this.#unbuilt : []
    return [...new Set([...sources, ...waiting])]
  }

  async #build(source: string): Promise<Outcome> {
    try {
      const options = resolveOptions(this.#options, source)
      this.#copiesKoffi ||= options.native === 'copy'
      for (const arch of options.archIsGiven ? options.arch : (['any'] as const))
        this.#arches.add(arch)
      const module = await buildModule(source, options)
      const unwritten = await writeTypes(source, module)
      const verdict = await verify(source, options)
      const diagnostics = [...module.diagnostics, ...unwritten, ...verdict]
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      const warnings = diagnostics.filter(({ severity }) => severity === 'warning')
      const built = isWhole(module) && errors.length === 0
      const watchFiles = this.#remember(source, module.dependencies, built)
      return built
        ? { kind: 'built', module, warnings, watchFiles }
        : { kind: 'refused', errors, warnings, watchFiles }
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      return { kind: 'failed', error, watchFiles: this.#remember(source, [], false) }
    }
  }

  /** A compile that fails early has not seen every header: those of the last time still count. */
  #remember(source: string, dependencies: readonly string[], built: boolean): string[] {
    const before = built ? [] : (this.#readBy.get(source) ?? [])
    const files = new Set([source, ...dependencies, ...before])
    this.#readBy.set(source, files)
    if (built) this.#unbuilt.delete(source)
    else this.#unbuilt.add(source)
    return [...files]
  }
}

/** A folder that cannot be written to is no reason to have no bundle. */
async function writeTypes(source: string, { declarations }: SkeletonModule): Promise<Diagnostic[]> {
  if (!declarations) return []
  try {
    await writeDeclarations(declarations.file, declarations.content)
    return []
  } catch (error) {
    const message = `its declarations cannot be written: ${String(error)}; see the option types`
    const none = { notes: [], fixits: [], includedFrom: [] }
    return [{ severity: 'warning', file: source, message, ...none }]
  }
}

/** Another architecture's object has registers that this kernel would take for its own. */
async function verify(source: string, options: ResolvedOptions): Promise<Diagnostic[]> {
  if (!options.verify) return []
  const { buildSkeleton } = await import('../src/codegen/skeleton.ts')
  const { embedded, model } = await buildSkeleton(source, options)
  const object = embedded instanceof Uint8Array ? embedded : embedded?.get(nativeArch())
  if (!model || !object) return []
  const { verifyObject } = await import('../src/codegen/verify.ts')
  return verifyObject(model, object, source)
}

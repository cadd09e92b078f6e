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

/** A module of a build without errors. */
type CompleteModule = SkeletonModule & { readonly code: string; readonly browserCode: string }

const isComplete = (module: SkeletonModule): module is CompleteModule => module.code !== undefined

/** How the build of one source ended. `watchFiles` are absolute paths, the source among them. */
export type Outcome =
  | {
      kind: 'built'
      module: CompleteModule
      warnings: readonly Diagnostic[]
      watchFiles: string[]
    }
  /** The source has errors. */
  | {
      kind: 'refused'
      errors: readonly Diagnostic[]
      warnings: readonly Diagnostic[]
      watchFiles: string[]
    }
  /** The machine lacks something (clang, kernel BTF), or no skeleton can be made of the object. */
  | { kind: 'failed'; error: Error; watchFiles: string[] }

/**
 * Builds sources, and remembers which files each was built from. The engine shares concurrent builds of one source, and
 * caches what did not change.
 */
export class Builds {
  #options: Options
  #copiesKoffi = false
  /** The architectures of the bundle's objects; `any` for an object that any machine may open. */
  readonly #arches = new Set<Arch | 'any'>()
  readonly #dependencies = new Map<string, ReadonlySet<string>>()
  readonly #failed = new Set<string>()
  /** The latest build of each source, running or not. */
  readonly #running = new Map<string, Promise<Outcome>>()

  /** @throws TypeError that names the option at fault */
  constructor(options: Options) {
    validateOptions(options, `${pluginName}: option`)
    this.#options = options
  }

  /** Sets the bundler's root, which relative paths in the options start from. It is known once the bundler is set up. */
  relativeTo(root: string): void {
    this.#options = { ...this.#options, cwd: this.#options.cwd ?? root }
  }

  /** Whether koffi is copied beside the bundle: whether a source was built with `native: 'copy'`. */
  get copiesKoffi(): boolean {
    return this.#copiesKoffi
  }

  /** Copies koffi into `folder` if the option asks for it. Resolves to warnings. */
  async copyKoffiInto(folder: string): Promise<string[]> {
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

  /** Builds an edited source, after a running build that may have read the old text. */
  async rebuild(source: string): Promise<Outcome> {
    await this.#running.get(source)
    return this.build(source)
  }

  /**
   * Returns the sources to build again when `file` changes. A new header may be one that a failed build did not find, which
   * clang does not list as a dependency.
   */
  dependents(file: string, change: 'create' | 'update' | 'delete'): string[] {
    const sources = [...this.#dependencies]
      .filter(([, files]) => files.has(file))
      .map(([source]) => source)
    const waiting = change === 'create' && file.endsWith('.h') ? this.#failed : []
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
      const built = isComplete(module) && errors.length === 0
      const watchFiles = this.#remember(source, module.dependencies, built)
      return built
        ? { kind: 'built', module, warnings, watchFiles }
        : { kind: 'refused', errors, warnings, watchFiles }
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      return { kind: 'failed', error, watchFiles: this.#remember(source, [], false) }
    }
  }

  /** Remembers a source's dependencies. After a failed compile, which may not list all, the last ones still count. */
  #remember(source: string, dependencies: readonly string[], built: boolean): string[] {
    const before = built ? [] : (this.#dependencies.get(source) ?? [])
    const files = new Set([source, ...dependencies, ...before])
    this.#dependencies.set(source, files)
    if (built) this.#failed.delete(source)
    else this.#failed.add(source)
    return [...files]
  }
}

/** Writes declarations. A folder that is read-only is a warning, not an error. */
async function writeTypes(source: string, { declarations }: SkeletonModule): Promise<Diagnostic[]> {
  if (!declarations) return []
  try {
    await writeDeclarations(declarations.file, declarations.content)
    return []
  } catch (error) {
    const message = `declarations cannot be written: ${String(error)}. Set the option types to another folder, or to false`
    const none = { notes: [], fixits: [], includedFrom: [] }
    return [{ severity: 'warning', file: source, message, ...none }]
  }
}

/** Loads the object of this machine's architecture. An object of another has that one's registers, and would be misjudged. */
async function verify(source: string, options: ResolvedOptions): Promise<Diagnostic[]> {
  if (!options.verify) return []
  const { buildSkeleton } = await import('../src/codegen/skeleton.ts')
  const { embedded, model } = await buildSkeleton(source, options)
  const object = embedded instanceof Uint8Array ? embedded : embedded?.get(nativeArch())
  if (!model || !object) return []
  const { verifyObject } = await import('../src/codegen/verify.ts')
  return verifyObject(model, object, source)
}

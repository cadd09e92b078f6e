import { resolve } from 'node:path'

import { compile, type Diagnostic } from '../compile/compile.ts'
import { resolveOptions, type Options, type ResolvedOptions } from '../compile/options.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import { readObject } from '../object/read-object.ts'
import { browserJavascript, javascript } from './javascript.ts'
import { skeletonModel, type SkeletonModel } from './model.ts'

/** What a `.bpf.c` became. All but `dependencies` and `diagnostics` is absent when it has errors. */
export interface SkeletonBuild {
  /** The generated module, for Node. */
  readonly code?: string | undefined
  /** The same for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** The declarations, for the file `X.bpf.d.c.ts`. */
  readonly declarations?: string | undefined
  /** The ELF that the module embeds: DWARF stripped, BTF kept. */
  readonly object?: Uint8Array | undefined
  readonly model?: SkeletonModel | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

const running = new Map<string, Promise<SkeletonBuild>>()

/**
 * Compiles a `.bpf.c` and generates its skeleton; builds of one file that run at once are one.
 * Errors of the source are diagnostics. Throws ClangNotFoundError or CompileError where the machine is
 * at fault, TypeError for options that make no sense.
 */
export function buildSkeleton(
  file: string,
  options: Options | ResolvedOptions = {},
): Promise<SkeletonBuild> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const key = JSON.stringify([source, resolved])
  const shared = running.get(key)
  if (shared) return shared
  const build = generate(source, resolved).finally(() => running.delete(key))
  running.set(key, build)
  return build
}

async function generate(source: string, options: ResolvedOptions): Promise<SkeletonBuild> {
  const { object: compiled, dependencies, diagnostics } = await compile(source, options)
  if (!compiled) return { dependencies, diagnostics }
  const object = stripDebug(compiled)
  const model = skeletonModel(readObject(object, { name: objectName(source) }))
  return {
    object,
    model,
    get code() {
      return javascript(model, object)
    },
    get browserCode() {
      return browserJavascript(model)
    },
    dependencies,
    diagnostics,
  }
}

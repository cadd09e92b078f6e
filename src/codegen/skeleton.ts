import { resolve } from 'node:path'

import { compile, type Diagnostic } from '../compile/compile.ts'
import { resolveOptions, type Options, type ResolvedOptions } from '../compile/options.ts'
import { readSourceInfo } from '../dwarf/source-info.ts'
import { readElf } from '../elf/elf.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import type { BpfObject } from '../object/object.ts'
import { readObject } from '../object/read-object.ts'
import { declarations } from './declarations.ts'
import { diagnosticOf } from './diagnostic.ts'
import { browserJavascript, javascript } from './javascript.ts'
import { skeletonModel, type SkeletonModel } from './model.ts'
import { isOwnFile } from './own-files.ts'

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
  const { object: compiled, dependencies, diagnostics, folder } = await compile(source, options)
  if (!compiled) return { dependencies, diagnostics }
  const object = stripDebug(compiled)
  const bpf = readObject(object, { name: objectName(source) })
  const info = readSourceInfo(readElf(compiled), { isOwn: isOwnFile, directory: folder })
  const model = skeletonModel(bpf, info)
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
    diagnostics: [
      ...diagnostics,
      ...model.warnings.map((warning) => diagnosticOf(warning, model.declared, source)),
    ],
  }
}

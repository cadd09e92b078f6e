import type { CompileResult, Diagnostic } from '../compile/compile.ts'
import { readElf } from '../elf/elf.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import { ObjectError } from '../object/object-error.ts'
import type { BpfObject } from '../object/object.ts'
import { readObject } from '../object/read-object.ts'
import { readDebugInfo } from './debug-info.ts'
import { diagnosticOf } from './diagnostic.ts'
import { declarationsOf, skeletonModel, type SkeletonModel } from './model.ts'
import { projectFiles } from './project-files.ts'

/** The result of building a `.bpf.c` for one architecture. */
export interface ArchBuild {
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  /** Absent when there are errors. */
  readonly built?: BuiltObject | undefined
}

export interface BuiltObject {
  /** DWARF stripped, BTF kept. */
  readonly object: Uint8Array
  readonly bpf: BpfObject
  readonly model: SkeletonModel
}

/** The builds by their compile: concurrent builds of one file share a compile and its result. */
const builds = new WeakMap<CompileResult, ArchBuild>()

export function archBuildOf(source: string, compiled: CompileResult): ArchBuild {
  let build = builds.get(compiled)
  if (!build) builds.set(compiled, (build = makeArchBuild(source, compiled)))
  return build
}

function makeArchBuild(
  source: string,
  { object: compiled, dependencies, systemHeaders, diagnostics, folder, macros }: CompileResult,
): ArchBuild {
  if (!compiled) return { dependencies, diagnostics }
  const system = new Set(systemHeaders)
  const isOwn = projectFiles((file) => system.has(file))
  const debug = readDebugInfo(readElf(compiled), {
    isOwn,
    directory: folder,
    commandLineMacros: macros,
  })
  const { info } = debug
  const object = stripDebug(compiled)
  let bpf: BpfObject
  try {
    bpf = readObject(object, { name: objectName(source) })
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error
    const { message, subject } = error
    const refusal = diagnosticOf('error', { message, subject }, declarationsOf(info), source)
    return { dependencies, diagnostics: [...diagnostics, refusal] }
  }
  const model = skeletonModel(bpf, info)
  const warnings = [...debug.warnings, ...model.warnings].map((warning) =>
    diagnosticOf('warning', warning, model.declared, source),
  )
  return {
    dependencies,
    diagnostics: [...diagnostics, ...warnings],
    built: { object, bpf, model },
  }
}

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { readDebugInfo } from '../codegen/debug-info.ts'
import { diagnosticOf } from '../codegen/diagnostic.ts'
import type { Embedded } from '../codegen/javascript.ts'
import { skeletonModel, type SkeletonModel } from '../codegen/model.ts'
import { isInSystemFolder, projectFiles } from '../codegen/project-files.ts'
import { buildSkeleton } from '../codegen/skeleton.ts'
import { readElf } from '../elf/elf.ts'
import { describeNonElf, isElf } from '../elf/magic.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import type { BpfObject } from '../object/object.ts'
import { readObject } from '../object/read-object.ts'
import { report } from './diagnostics.ts'
import { Failure, UsageError } from './failure.ts'
import { compileOptions, type Flags, one } from './flags.ts'

export interface Skeleton {
  readonly model: SkeletonModel
  readonly bpf: BpfObject
  /** Without DWARF, as it is embedded. */
  readonly object: Uint8Array
  readonly embedded: Embedded
  /** The files that it was read from. */
  readonly dependencies: readonly string[]
}

/** The skeleton of C source, which is compiled, or of a BPF object; `--name` renames it. */
export async function readSkeleton(file: string, flags: Flags): Promise<Skeleton> {
  const name = one(flags, 'name')
  if (name !== undefined && !/^[A-Za-z_]\w*$/.test(name)) {
    throw new UsageError(`--name ${name} is no C identifier`)
  }
  const bytes = new Uint8Array(await readFile(file))
  if (!isElf(bytes) && !file.endsWith('.c')) {
    const instead = describeNonElf(bytes)
    throw new Failure(
      `${file}: neither C source (.bpf.c) nor an ELF file${instead ? `; ${instead}` : ''}`,
    )
  }
  const skeleton = isElf(bytes) ? ofObject(file, bytes) : await ofSource(file, flags)
  if (name === undefined) return skeleton
  const { bpf, model } = skeleton
  return { ...skeleton, bpf: { ...bpf, name }, model: { ...model, name } }
}

/** Of an object that still has its DWARF, the types and comments too that BTF lacks. */
function ofObject(file: string, bytes: Uint8Array): Skeleton {
  const { info, warnings } = readDebugInfo(readElf(bytes), {
    isOwn: projectFiles(isInSystemFolder),
  })
  const object = stripDebug(bytes)
  const bpf = readObject(object, { name: objectName(file) })
  const model = skeletonModel(bpf, info)
  report(
    [...warnings, ...model.warnings].map((warning) =>
      diagnosticOf('warning', warning, model.declared, file),
    ),
  )
  return { object, embedded: object, bpf, model, dependencies: [file] }
}

async function ofSource(file: string, flags: Flags): Promise<Skeleton> {
  const { model, bpf, object, embedded, dependencies, diagnostics } = await buildSkeleton(
    resolve(file),
    compileOptions(flags),
  )
  report(diagnostics)
  if (!model || !bpf || !object || !embedded) {
    throw new Failure(`${file}: clang made no object of it`)
  }
  return { model, bpf, object, embedded, dependencies }
}

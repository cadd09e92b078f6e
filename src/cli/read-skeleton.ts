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
  /** The object without DWARF, as it is embedded. */
  readonly object: Uint8Array
  readonly embedded: Embedded
  /** The files that it was read from. */
  readonly dependencies: readonly string[]
}

/** Reads the skeleton of a C source, which it compiles, or of a BPF object. `--name` renames it. */
export async function readSkeleton(file: string, flags: Flags): Promise<Skeleton> {
  const name = one(flags, 'name')
  if (name !== undefined && !/^[A-Za-z_]\w*$/.test(name)) {
    throw new UsageError(`--name must be a C identifier, not ${name}`)
  }
  const bytes = new Uint8Array(await readFile(file))
  if (!isElf(bytes) && !file.endsWith('.c')) {
    const instead = describeNonElf(bytes)
    throw new Failure(
      `${file} is neither C source (.bpf.c) nor an ELF file${instead ? `; ${instead}` : ''}`,
    )
  }
  const skeleton = isElf(bytes) ? fromObject(file, bytes) : await fromSource(file, flags)
  if (name === undefined) return skeleton
  const { bpf, model } = skeleton
  return { ...skeleton, bpf: { ...bpf, name }, model: { ...model, name } }
}

/** Reads an object. If it still has DWARF, the skeleton has the types and comments that BTF lacks. */
function fromObject(file: string, bytes: Uint8Array): Skeleton {
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

async function fromSource(file: string, flags: Flags): Promise<Skeleton> {
  const { model, bpf, object, embedded, dependencies, diagnostics } = await buildSkeleton(
    resolve(file),
    compileOptions(flags),
  )
  report(diagnostics)
  if (!model || !bpf || !object || !embedded) {
    throw new Failure(`clang did not write an object for ${file}`)
  }
  return { model, bpf, object, embedded, dependencies }
}

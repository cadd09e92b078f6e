import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { skeletonModel, type SkeletonModel } from '../codegen/model.ts'
import { isOwnFile } from '../codegen/own-files.ts'
import { buildSkeleton } from '../codegen/skeleton.ts'
import { readSourceInfo } from '../dwarf/source-info.ts'
import { readElf } from '../elf/elf.ts'
import { stripDebug } from '../elf/strip.ts'
import { objectName } from '../object/identifier.ts'
import type { BpfObject } from '../object/object.ts'
import { readObject } from '../object/read-object.ts'
import { report } from './diagnostics.ts'
import { Failure } from './failure.ts'
import { compileOptions, type Flags, one } from './flags.ts'
import { isElf } from './read-btf.ts'

export interface Skeleton {
  readonly model: SkeletonModel
  readonly bpf: BpfObject
  /** Without DWARF, as it is embedded. */
  readonly object: Uint8Array
}

/** The skeleton of C source, which is compiled, or of a BPF object; `--name` renames it. */
export async function readSkeleton(file: string, flags: Flags): Promise<Skeleton> {
  const bytes = new Uint8Array(await readFile(file))
  const { model, bpf, object } = isElf(bytes) ? ofObject(file, bytes) : await ofSource(file, flags)
  const name = one(flags, 'name') ?? model.name
  return { object, bpf: { ...bpf, name }, model: { ...model, name } }
}

/** Of an object that still has its DWARF, the types and comments too that BTF lacks. */
function ofObject(file: string, bytes: Uint8Array): Skeleton {
  const object = stripDebug(bytes)
  const bpf = readObject(object, { name: objectName(file) })
  return {
    object,
    bpf,
    model: skeletonModel(bpf, readSourceInfo(readElf(bytes), { isOwn: isOwnFile })),
  }
}

async function ofSource(file: string, flags: Flags): Promise<Skeleton> {
  if (!file.endsWith('.c')) throw new Failure(`${file}: neither C source (.bpf.c) nor an ELF file`)
  const { model, bpf, object, diagnostics } = await buildSkeleton(
    resolve(file),
    compileOptions(flags),
  )
  report(diagnostics)
  if (!model || !bpf || !object) throw new Failure(`${file}: clang made no object of it`)
  return { model, bpf, object }
}

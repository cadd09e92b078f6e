import type { Diagnostic } from '../compile/clang/diagnostics.ts'
import { createDebugger } from '../compile/debug.ts'
import type { BpfMap, SkeletonInstance } from '../runtime/index.ts'
import { diagnosticAt } from './diagnostic.ts'
import type { SkeletonModel } from './model.ts'
import { verifierDiagnostic } from './verifier-diagnostic.ts'

const debug = createDebugger('unplugin-bpf:verify')

interface Loaded extends SkeletonInstance {
  readonly maps: Readonly<Record<string, BpfMap>>
}

/**
 * Lets this kernel's verifier judge an object: loads it and lets go of it. A program that it refuses is an error at
 * its line of C (DEBUG=unplugin-bpf:verify prints the log); what else keeps the object from loading here, such as
 * missing privileges, a warning. Nothing is attached or pinned.
 */
export async function verifyObject(
  { name, maps, programs }: SkeletonModel,
  object: Uint8Array,
  source: string,
): Promise<Diagnostic[]> {
  // What a build without the option need not load.
  const { BpfError, VerifierError } = await import('../runtime/index.ts')
  const { bpfMap, program, sectionMap, skeleton } = await import('../runtime/internal.ts')
  const { open } = skeleton<Loaded>({
    name,
    object: Buffer.from(object).toString('base64'),
    maps: maps.map(({ name, elfName, kind }) => ({
      name,
      kind: kind.parameters.includes('mappable') ? sectionMap(elfName) : bpfMap(),
    })),
    programs: programs.map(({ name, section }) => ({ name, kind: program, section })),
    sections: [],
  })
  try {
    const instance = open()
    try {
      for (const map of Object.values(instance.maps)) map.pinPath = null
      instance.load()
    } finally {
      instance.destroy()
    }
    return []
  } catch (error) {
    if (error instanceof VerifierError) {
      debug?.('%s: %s', source, error.log)
      return [verifierDiagnostic(error, source)]
    }
    if (!(error instanceof BpfError)) throw error
    return [diagnosticAt('warning', `not verified: ${error.message}`, undefined, source)]
  }
}

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
 * Loads an object into this kernel and destroys it, to run the verifier. A rejected program is an error at its line of
 * C (DEBUG=unplugin-bpf:verify prints the log). Any other reason not to load here, such as missing privileges, is a
 * warning. Nothing is attached or pinned.
 */
export async function verifyObject(
  { name, maps, programs }: SkeletonModel,
  object: Uint8Array,
  source: string,
): Promise<Diagnostic[]> {
  // Imported here, because builds without the option do not need the runtime.
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

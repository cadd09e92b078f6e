/** Bundled for a kernel: tries to load each program of this folder by itself. */
import { BpfError, type SourceLine, VerifierError } from '../../src/runtime/index.ts'
import missingKfunc from './missing-kfunc.bpf.c'
import missingKsym from './missing-ksym.bpf.c'
import proprietary from './proprietary.bpf.c'
import refused from './refused.bpf.c'

/** How a load failed; `kind` is empty when it did not. */
export interface Refusal {
  readonly program: string
  readonly kind: '' | 'VerifierError' | 'BpfError'
  readonly message?: string
  readonly reason?: string | undefined
  readonly source?: SourceLine | undefined
  /** The log's end. */
  readonly log?: string | undefined
}

export function loadEach(): Refusal[] {
  return [
    ...[refused, proprietary].flatMap((skel) => programsOf(skel).map((name) => load(skel, name))),
    ...[missingKfunc, missingKsym].map((skel) => load(skel)),
  ]
}

function programsOf(skel: typeof refused): string[] {
  const instance = skel.open()
  try {
    return Object.keys(instance.progs)
  } finally {
    instance.destroy()
  }
}

function load(skel: typeof refused, name?: string): Refusal {
  const instance = skel.open()
  const program = name ?? skel.name
  try {
    if (name) instance.progs[name].autoload = true
    if (name === 'missing_map') instance.maps.not_created.autocreate = false
    instance.load()
    return { program, kind: '' }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    const { message, log } = error
    const common = { program, message, log: log?.slice(-2000) }
    if (!(error instanceof VerifierError)) return { ...common, kind: 'BpfError' }
    return { ...common, kind: 'VerifierError', reason: error.reason, source: error.source }
  } finally {
    instance.destroy()
  }
}

import type { Capability } from '../host/capabilities.ts'
import { missingCapabilities, privilegeHint } from '../host/capabilities.ts'
import { EACCES, EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { creationAdvice } from '../maps/creation-advice.ts'
import { capabilitiesForMap } from '../maps/needed-capabilities.ts'
import { pinnedDifferences } from '../maps/reuse.ts'
import { VerifierError } from '../verifier/error.ts'
import type { Explanations } from '../verifier/explanations/explanations.ts'
import { explain } from '../verifier/explanations/explanations.ts'
import { generalExplanations } from '../verifier/explanations/general.ts'
import { failingLine } from '../verifier/failing-line.ts'
import { plainReason } from '../verifier/reason.ts'
import { readVerifierLog, verdict } from '../verifier/verifier-log.ts'
import type { InstanceState, MapState, ProgramState } from './instance-state.ts'
import {
  loadReason,
  mismatchedPinPath,
  refusedMapName,
  refusedProgramName,
} from './libbpf-messages.ts'

/**
 * Explains why bpf_object__load failed. The logs alone tell which program the verifier refused: libbpf closes all of
 * them after a failure.
 * @param log libbpf's log; undefined where libbpf is silent
 */
export function loadFailure(
  state: InstanceState,
  errno: number,
  log: string | undefined,
): BpfError {
  const { spec, programs, maps } = state
  const explanations = joinExplanations([...(spec.explanations ?? []), generalExplanations])
  const programName = refusedProgramName(log ?? '')
  const program = programs.find(({ name }) => name === programName)
  const refusal = verifierRefusal(state, errno, log, program, explanations)
  if (refusal) return refusal
  const mapName = refusedMapName(log ?? '')
  const map = maps.find(({ name }) => name === mapName)
  const needed = neededToLoad(state, program, map)
  return new BpfError({
    operation: 'load',
    object: program ? program.program.title : spec.name,
    errno,
    reason: log && loadReason(log),
    log,
    hint:
      programAdvice(program, errno, needed, log) ??
      privilegeHint(errno, needed) ??
      (map && creationAdvice(map.kind, map.map, errno)) ??
      pinAdvice(state, log) ??
      (log === undefined ? silenceAdvice : explain(log, explanations.libbpf)),
  })
}

/** Undefined when the verifier refused nothing: statistics alone mean that the kernel did not read an instruction. */
function verifierRefusal(
  state: InstanceState,
  errno: number,
  log: string | undefined,
  program: ProgramState | undefined,
  explanations: Explanations,
): VerifierError | undefined {
  const { spec } = state
  const verifierLog = refusedLog(state, log, program)
  const read = readVerifierLog(verifierLog.text)
  const message = verdict(read)
  if (message === '') return undefined
  return new VerifierError({
    operation: 'load',
    object: `program ${verifierLog.program} of ${spec.name}`,
    errno,
    program: verifierLog.program,
    log: verifierLog.text,
    message: `the verifier says "${message}"`,
    reason: plainReason(read, explanations),
    source: failingLine(Buffer.from(spec.object, 'base64'), verifierLog.program, read),
  })
}

/**
 * The verifier's log of the refused program. Accepted programs have logs too, when asked for. Where libbpf is silent,
 * the last log counts: the first refusal ends the load.
 */
function refusedLog(
  { programs, native }: InstanceState,
  libbpfLog: string | undefined,
  refused: ProgramState | undefined,
): { readonly program: string; readonly text: string } {
  const logs = programs.map(({ name }, index) => ({
    program: name,
    text: native.verifierLog(index),
  }))
  const candidates = libbpfLog ? logs.filter(({ program }) => program === refused?.name) : logs
  return candidates.findLast(({ text }) => text !== '') ?? { program: '', text: '' }
}

/** Says what to do about a different map that is pinned at this one's path. */
function pinAdvice({ maps }: InstanceState, log: string | undefined): string | undefined {
  const path = mismatchedPinPath(log ?? '')
  const map = maps.find((each) => path !== undefined && each.map.pinPath === path)?.map
  const problems = map && path !== undefined ? pinnedDifferences(map, path) : []
  return problems.length === 0
    ? undefined
    : `The map that is pinned there differs in ${problems.join(', ')}: remove it (rm ${path}) if no program needs it, choose another pinPath, or declare the map like it`
}

/** The capabilities that the refused program or map needs; where neither is known, those of all that is to be loaded. */
function neededToLoad(
  { maps, programs }: InstanceState,
  program: ProgramState | undefined,
  map: MapState | undefined,
): Capability[] {
  const isKnown = program !== undefined || map !== undefined
  const concerned = {
    programs: isKnown ? [program] : programs.filter((each) => each.program.autoload),
    maps: isKnown ? [map] : maps.filter((each) => each.map.autocreate),
  }
  const needed = [
    ...concerned.programs.flatMap((each) => each?.program.neededCapabilities.load ?? []),
    ...concerned.maps.flatMap((each) => (each ? capabilitiesForMap(each.map.type) : [])),
  ]
  return [...new Set(needed)]
}

/** The advice that programs of this type give to a process that has all capabilities. */
function programAdvice(
  refused: ProgramState | undefined,
  errno: number,
  needed: readonly Capability[],
  log: string | undefined,
): string | undefined {
  const isPrivileged =
    (errno !== EPERM && errno !== EACCES) || missingCapabilities(needed).length === 0
  return isPrivileged ? refused?.program.loadAdvice(errno, log) : undefined
}

/** The hint where libbpf's log cannot be captured (ffi/print-function.ts): nothing says more than the errno. */
const silenceAdvice =
  "libbpf's log, which says why, is not available in this process: it needs executable memory, on x64 or arm64. " +
  'bpftool prog load prints it'

function joinExplanations(list: readonly Explanations[]): Explanations {
  return {
    verifier: list.flatMap(({ verifier }) => verifier),
    libbpf: list.flatMap(({ libbpf }) => libbpf),
  }
}

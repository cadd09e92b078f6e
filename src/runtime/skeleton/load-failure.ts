import type { Capability } from '../host/capabilities.ts'
import { missingCapabilities, privilegeHint } from '../host/capabilities.ts'
import { EACCES, EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { capabilitiesForMap } from '../maps/needed-capabilities.ts'
import { creationAdvice } from '../maps/refusal.ts'
import { pinnedDifferences } from '../maps/reuse.ts'
import { VerifierError } from '../verifier/error.ts'
import type { Explanations } from '../verifier/explanations/explanations.ts'
import { explained } from '../verifier/explanations/explanations.ts'
import { generalExplanations } from '../verifier/explanations/general.ts'
import { failingLine } from '../verifier/failing-line.ts'
import { plainReason } from '../verifier/reason.ts'
import { readVerifierLog, verdict } from '../verifier/verifier-log.ts'
import type { InstanceState, MapState, ProgramState } from './instance-state.ts'

/**
 * Why bpf_object__load failed. Which program the verifier refused is known by its log alone: libbpf closes all of them
 * after a failure.
 * @param heard what libbpf said, where it could be heard
 */
export function loadFailure(
  parts: InstanceState,
  errno: number,
  heard: string | undefined,
): BpfError {
  const { spec } = parts
  const explanations = allOf([...(spec.explanations ?? []), generalExplanations])
  const refused = refusedProgram(parts, heard)
  const { name: program, log } = refusedLog(parts, heard, refused)
  const read = readVerifierLog(log)
  // Statistics alone are no verdict: the kernel refused before it read an instruction.
  const words = verdict(read)
  if (words !== '') {
    return new VerifierError({
      operation: 'load',
      object: `program ${program} of ${spec.name}`,
      errno,
      program,
      log,
      words: `the verifier says "${words}"`,
      reason: plainReason(read, explanations),
      source: failingLine(Buffer.from(spec.object, 'base64'), program, read),
    })
  }
  const map = refusedMap(parts, heard)
  const needed = neededToLoad(parts, refused, map)
  return new BpfError({
    operation: 'load',
    object: refused ? refused.program.title : spec.name,
    errno,
    reason: heard && reasonFrom(heard),
    log: heard,
    hint:
      kernelHint(refused, errno, needed, heard) ??
      privilegeHint(errno, needed) ??
      (map && creationAdvice(map.kind, map.map, errno)) ??
      pinnedAdvice(parts, heard) ??
      adviceOn(heard, explanations),
  })
}

/**
 * Programs that were accepted have logs too, when asked for. Where libbpf was not heard, the last of them counts: the
 * first refusal ends the load.
 */
function refusedLog(
  { programs, native }: InstanceState,
  heard: string | undefined,
  refused: ProgramState | undefined,
): { name: string; log: string } {
  const logs = programs.map(({ name }, index) => ({ name, log: native.verifierLog(index) }))
  const told = heard ? logs.filter(({ name }) => name === refused?.name) : logs
  return told.findLast(({ log }) => log !== '') ?? { name: '', log: '' }
}

/** The one that libbpf says the kernel refused. */
function refusedProgram(
  { programs }: InstanceState,
  heard: string | undefined,
): ProgramState | undefined {
  const named =
    /^prog '(.*)': (?:BPF program load failed|failed to find kernel BTF type ID|no BTF-based attach target)/m.exec(
      heard ?? '',
    )?.[1]
  return programs.find(({ name }) => name === named)
}

/** The map that libbpf says could not be created. */
function refusedMap({ maps }: InstanceState, heard: string | undefined): MapState | undefined {
  const named = /^map '(.*)': failed to create/m.exec(heard ?? '')?.[1]
  return maps.find(({ name }) => name === named)
}

/** What to do about a map that is pinned already where this one is to be. */
function pinnedAdvice({ maps }: InstanceState, heard: string | undefined): string | undefined {
  const path = /couldn't reuse pinned map at '([^']*)'/.exec(heard ?? '')?.[1]
  const map = maps.find((each) => path !== undefined && each.map.pinPath === path)?.map
  const problems = map && path !== undefined ? pinnedDifferences(map, path) : []
  return problems.length === 0
    ? undefined
    : `The map that is pinned there differs in ${problems.join(', ')}: remove it (rm ${path}) if no program needs it, choose another pinPath, or declare the map like it`
}

/** The capabilities for what was refused; for all that is to be loaded where nobody says what that was. */
function neededToLoad(
  { maps, programs }: InstanceState,
  program: ProgramState | undefined,
  map: MapState | undefined,
): Capability[] {
  const known = program !== undefined || map !== undefined
  const concerned = {
    programs: known ? [program] : programs.filter(({ program }) => program.autoload),
    maps: known ? [map] : maps.filter(({ map }) => map.autocreate),
  }
  const needed = [
    ...concerned.programs.flatMap((part) => part?.program.needed.load ?? []),
    ...concerned.maps.flatMap((part) => (part ? capabilitiesForMap(part.map.type) : [])),
  ]
  return [...new Set(needed)]
}

/** What a program says of a process that lacks nothing. */
function kernelHint(
  refused: ProgramState | undefined,
  errno: number,
  needed: readonly Capability[],
  heard: string | undefined,
): string | undefined {
  const privileged =
    (errno !== EPERM && errno !== EACCES) || missingCapabilities(needed).length === 0
  return privileged ? refused?.program.loadAdvice(errno, heard) : undefined
}

/** libbpf.c: bpf_object__probe_loading. Its advice, on RLIMIT_MEMLOCK, is for kernels before Linux 5.11. */
const loadsNothing = /^Error in bpf_object__probe_loading/m

function reasonFrom(heard: string): string | undefined {
  return loadsNothing.test(heard)
    ? 'the kernel loads no program, not even one of two instructions'
    : tellingLines(heard)[0]
}

/** Without libbpf's general last words: `failed to load object`, `failed to load BPF skeleton`. */
export function tellingLines(heard: string): string[] {
  const lines = heard.split('\n').filter((line) => line !== '')
  const telling = lines.filter((line) => !generalWords.test(line))
  return telling.length > 0 ? telling : lines
}

const generalWords =
  /^failed to (load|initialize skeleton) (BPF )?(object|skeleton)|^Error (in|loading)/

function adviceOn(heard: string | undefined, { libbpf }: Explanations): string | undefined {
  return heard === undefined ? silenceAdvice : explained(heard, libbpf)
}

/** Of print-function.ts: where it cannot be, nothing says more than the errno. */
const silenceAdvice =
  'libbpf says why, which cannot be heard in this process: that takes memory that may be executed, on x64 or arm64. ' +
  'bpftool prog load prints it'

function allOf(list: readonly Explanations[]): Explanations {
  return {
    verifier: list.flatMap(({ verifier }) => verifier),
    libbpf: list.flatMap(({ libbpf }) => libbpf),
  }
}

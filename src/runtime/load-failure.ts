import { missingCapabilities, privilegeHint } from './capabilities.ts'
import { BpfError } from './error.ts'
import {
  bpf_map__key_size,
  bpf_map__map_flags,
  bpf_map__max_entries,
  bpf_map__type,
  bpf_map__value_size,
} from './ffi/object.ts'
import { libbpfAdvice } from './libbpf-advice.ts'
import { mapAdvice } from './maps/advice.ts'
import type { ObjectSkeleton } from './object-skeleton.ts'
import { loadAdvice } from './programs/advice.ts'
import type { SkeletonSpec } from './spec.ts'
import { VerifierError } from './verifier/error.ts'
import { failingLine } from './verifier/failing-line.ts'
import { plainReason } from './verifier/reason.ts'
import { readVerifierLog, verdict } from './verifier/verifier-log.ts'

/**
 * Why bpf_object__load failed. Which program the verifier refused is known by its log alone: libbpf closes all of them
 * after a failure.
 * @param heard what libbpf said, where it could be heard
 */
export function loadFailure(
  spec: SkeletonSpec,
  native: ObjectSkeleton,
  errno: number,
  heard: string | undefined,
): BpfError {
  const refused = refusedProgram(spec, heard)
  const { program, log } = refusedLog(spec, native, heard, refused?.[0])
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
      reason: plainReason(read),
      source: failingLine(Buffer.from(spec.object, 'base64'), program, read),
    })
  }
  return new BpfError({
    operation: 'load',
    object: refused ? `program ${refused[0]} of ${spec.name}` : spec.name,
    errno,
    reason: heard ? tellingLines(heard)[0] : undefined,
    log: heard || undefined,
    hint:
      (refused && kernelHint(refused[2], errno)) ??
      privilegeHint(errno) ??
      mapHint(spec, native, errno, heard) ??
      adviceOn(heard),
  })
}

/**
 * Programs that were accepted have logs too, when asked for. Where libbpf was not heard, the last of them counts: the
 * first refusal ends the load.
 */
function refusedLog(
  { programs }: SkeletonSpec,
  native: ObjectSkeleton,
  heard: string | undefined,
  refused: string | undefined,
): { program: string; log: string } {
  const logs = programs.map(([program], index) => ({ program, log: native.verifierLog(index) }))
  const told = heard ? logs.filter(({ program }) => program === refused) : logs
  return told.findLast(({ log }) => log !== '') ?? { program: '', log: '' }
}

/** The one that libbpf says the kernel refused. */
function refusedProgram(
  { programs }: SkeletonSpec,
  heard: string | undefined,
): SkeletonSpec['programs'][number] | undefined {
  const named = /^prog '(.*)': BPF program load failed/m.exec(heard ?? '')?.[1]
  return programs.find(([name]) => name === named)
}

/** Of the map that libbpf says could not be created. */
function mapHint(
  { maps }: SkeletonSpec,
  native: ObjectSkeleton,
  errno: number,
  heard: string | undefined,
): string | undefined {
  const named = /^map '(.*)': failed to create/m.exec(heard ?? '')?.[1]
  const index = maps.findIndex(([name]) => name === named)
  if (named === undefined || index < 0) return undefined
  const map = native.map(index)
  const definition = {
    name: named,
    type: bpf_map__type(map),
    keySize: bpf_map__key_size(map),
    valueSize: bpf_map__value_size(map),
    maxEntries: bpf_map__max_entries(map),
    flags: bpf_map__map_flags(map),
  }
  return mapAdvice(definition, errno)
}

/** Of a process that lacks nothing. */
function kernelHint(section: string, errno: number): string | undefined {
  return missingCapabilities(['CAP_BPF', 'CAP_PERFMON']).length === 0
    ? loadAdvice(section, errno)
    : undefined
}

/** Without libbpf's general last words: `failed to load object`, `failed to load BPF skeleton`. */
export function tellingLines(heard: string): string[] {
  const lines = heard.split('\n').filter((line) => line !== '')
  const telling = lines.filter((line) => !generalWords.test(line))
  return telling.length > 0 ? telling : lines
}

const generalWords =
  /^failed to (load|initialize skeleton) (BPF )?(object|skeleton)|^Error (in|loading)/

function adviceOn(heard: string | undefined): string | undefined {
  return heard
    ? libbpfAdvice(heard)
    : 'libbpf could not be heard: on the main thread, while no loadAsync() runs, load() tells what it says'
}

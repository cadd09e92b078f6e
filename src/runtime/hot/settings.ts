import type { InstanceState } from '../skeleton/instance-state.ts'

/** Of SEC("struct_ops") libbpf sets autoload by itself (libbpf.c: bpf_object_adjust_struct_ops_autoload). */
const structOpsProgram = 27

const ofMaps = [
  'keySize',
  'valueSize',
  'maxEntries',
  'flags',
  'mapExtra',
  'numaNode',
  'ifindex',
  'autocreate',
  'pinPath',
]
const ofStructOps = ['autocreate', 'autoattach']
const ofPrograms = ['type', 'expectedAttachType', 'flags', 'logLevel', 'ifindex', 'autoattach']

/**
 * Makes again the settings that JavaScript made between open and load: what the running instance has otherwise than the
 * object it was opened from (`pristine`). What the edit itself changed stays as edited.
 */
export function carrySettings(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
): void {
  for (const { name, kind, map } of next.maps) {
    const [its, pristines] = [running.groups.maps[name], pristine.groups.maps[name]]
    carry(kind.shadow ? ofStructOps : ofMaps, its, pristines, map)
  }
  for (const { name, program } of next.programs) {
    const names = program.type === structOpsProgram ? ofPrograms : [...ofPrograms, 'autoload']
    carry(names, running.groups.progs[name], pristine.groups.progs[name], program)
  }
  for (const { name, handle } of running.programs) {
    if (handle.attachTarget) next.groups.progs[name]?.setAttachTarget(...handle.attachTarget)
  }
}

function carry(
  settings: readonly string[],
  running: object | undefined,
  pristine: object | undefined,
  next: object,
): void {
  if (!running || !pristine) return
  for (const setting of settings) {
    const [is, was, edited] = [running, pristine, next].map(
      (object) => (object as Record<string, unknown>)[setting],
    )
    if (is !== was && edited === was) (next as Record<string, unknown>)[setting] = is
  }
}

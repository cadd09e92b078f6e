import { progTypes } from '../../uapi/prog-type.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

const mapSettings = [
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
const structOpsMapSettings = ['autocreate', 'autoattach']
/** libbpf sets autoload of struct_ops programs by itself (libbpf.c: bpf_object_adjust_struct_ops_autoload). */
const structOpsProgramSettings = [
  'type',
  'expectedAttachType',
  'flags',
  'logLevel',
  'ifindex',
  'autoattach',
]
const programSettings = [...structOpsProgramSettings, 'autoload']
const BPF_PROG_TYPE_STRUCT_OPS = progTypes.indexOf('struct_ops')

/**
 * Makes again the settings that JavaScript made between open and load: those that differ between the running instance
 * and the object it was opened from (`pristine`). Settings that the edit changed stay as edited.
 */
export function copySettings(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
): void {
  for (const { name, kind, map } of next.maps) {
    const [from, initial] = [running.groups.maps[name], pristine.groups.maps[name]]
    copyChanged(kind.structOpsShadow ? structOpsMapSettings : mapSettings, from, initial, map)
  }
  for (const { name, program } of next.programs) {
    const isStructOps = program.type === BPF_PROG_TYPE_STRUCT_OPS
    const settings = isStructOps ? structOpsProgramSettings : programSettings
    copyChanged(settings, running.groups.progs[name], pristine.groups.progs[name], program)
  }
  for (const { name, handle } of running.programs) {
    if (handle.attachTarget) next.groups.progs[name]?.setAttachTarget(...handle.attachTarget)
  }
}

function copyChanged(
  settings: readonly string[],
  running: object | undefined,
  pristine: object | undefined,
  next: object,
): void {
  if (!running || !pristine) return
  for (const setting of settings) {
    const [value, initial, edited] = [running, pristine, next].map(
      (object) => (object as Record<string, unknown>)[setting],
    )
    if (value !== initial && edited === initial) (next as Record<string, unknown>)[setting] = value
  }
}

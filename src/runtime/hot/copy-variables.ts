import { isDeepStrictEqual } from 'node:util'

import { snapshot } from '../../codec/view-location.ts'
import { BPF_F_RDONLY_PROG } from '../../uapi/map-flags.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import type { LiveSection } from '../maps/live-section.ts'
import { Program } from '../programs/program.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

type Values = Record<string, unknown>

/**
 * Writes again what JavaScript wrote between open and load into sections that do not change afterwards: constants and
 * struct_ops. A value was written where the running instance differs from the object it was opened from (`pristine`).
 */
export function copyConstants(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
): void {
  for (const [ident, section] of running.sections) {
    const [initial, edited] = [pristine.sections.get(ident), next.sections.get(ident)]
    if (initial && edited && isConstant(running, ident)) copyWritten(section, initial, edited, next)
  }
  if (!libbpfIsAtLeast(1, 4)) return
  for (const [name, section] of running.structOps) {
    const [initial, edited] = [pristine.structOps.get(name), next.structOps.get(name)]
    if (initial && edited) copyWritten(section, initial, edited, next)
  }
}

/**
 * Prepares the copy of the running program's variables to the edited one: all but those whose initialiser was edited,
 * and those in sections that both share.
 * @param shared ELF names of sections whose map both use
 * @returns copies the values of that moment
 */
export function variablesCopier(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
  shared: ReadonlySet<string | undefined>,
): () => void {
  const copies = Array.from(running.sections, ([ident, section]) => {
    const [initial, edited] = [pristine.sections.get(ident), next.sections.get(ident)]
    if (!initial || !edited || isConstant(running, ident)) return undefined
    if (shared.has(elfNameOf(running, ident))) return undefined
    const [before, after] = [valuesOf(initial), valuesOf(edited)]
    const names = Object.keys(before).filter((name) => isDeepStrictEqual(before[name], after[name]))
    return () => {
      const values = valuesOf(section)
      for (const name of names) (edited.view as Values)[name] = values[name]
    }
  })
  return () => {
    for (const copy of copies) copy?.()
  }
}

/** Whether programs only read a section (`.rodata`), or each CPU has variables of its own (`.percpu`). False of `.kconfig`. */
function isConstant(state: InstanceState, ident: string): boolean {
  const elfName = elfNameOf(state, ident)
  if (elfName === undefined || elfName === '.kconfig') return false
  const map = state.maps.find(({ kind }) => kind.section === elfName)?.map
  return elfName.startsWith('.percpu') || (map !== undefined && isReadOnly(map))
}

function elfNameOf({ spec }: InstanceState, ident: string): string | undefined {
  return spec.sections.find((section) => section.ident === ident)?.section
}

/** Whether programs may only read a section. */
export function isReadOnly({ flags }: { readonly flags: number }): boolean {
  return (flags & BPF_F_RDONLY_PROG) !== 0
}

function copyWritten(
  running: LiveSection,
  pristine: LiveSection,
  edited: LiveSection,
  { groups }: InstanceState,
): void {
  const [values, initial] = [valuesOf(running), valuesOf(pristine)]
  for (const [name, value] of Object.entries(values)) {
    if (isDeepStrictEqual(value, initial[name])) continue
    ;(edited.view as Values)[name] = value instanceof ProgramName ? groups.progs[value.name] : value
  }
}

/** A struct_ops member that is a program, by its name: each instance has programs of its own. */
class ProgramName {
  readonly name: string

  constructor({ name }: Program) {
    this.name = name
  }
}

function valuesOf({ view }: LiveSection): Values {
  return Object.fromEntries(
    Object.entries(view).map(([name, value]: [string, unknown]) => [name, plainValue(value)]),
  )
}

function plainValue(value: unknown): unknown {
  if (value instanceof Program) return new ProgramName(value)
  return typeof value === 'object' && value !== null ? snapshot(value as never) : value
}

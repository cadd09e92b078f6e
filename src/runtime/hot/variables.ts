import { isDeepStrictEqual } from 'node:util'

import { snapshot } from '../../codec/view-location.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import type { LiveSection } from '../maps/live-section.ts'
import { readOnlyForPrograms } from '../maps/sections/data.ts'
import { Program } from '../programs/program.ts'
import type { InstanceState } from '../skeleton/instance-state.ts'

type Values = Record<string, unknown>

/**
 * Writes again what JavaScript wrote between open and load into what nothing writes afterwards: constants, struct_ops.
 * That is where the running instance has another value than the object it was opened from (`pristine`).
 */
export function carryConstants(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
): void {
  for (const [ident, its] of running.sections) {
    const [was, edited] = [pristine.sections.get(ident), next.sections.get(ident)]
    if (was && edited && isConstant(running, ident)) carryWritten(its, was, edited, next)
  }
  if (!libbpfIsAtLeast(1, 4)) return
  for (const [name, its] of running.structOps) {
    const [was, edited] = [pristine.structOps.get(name), next.structOps.get(name)]
    if (was && edited) carryWritten(its, was, edited, next)
  }
}

/**
 * What will give the edited program's variables the values that they have in the running one, when it is called: all
 * but those whose initialiser was edited, and those in sections that both share.
 */
export function carriedVariables(
  running: InstanceState,
  pristine: InstanceState,
  next: InstanceState,
  shared: ReadonlySet<string | undefined>,
): () => void {
  const carried = Array.from(running.sections, ([ident, its]) => {
    const [was, edited] = [pristine.sections.get(ident), next.sections.get(ident)]
    if (!was || !edited || isConstant(running, ident)) return undefined
    if (shared.has(elfNameOf(running, ident))) return undefined
    const [before, after] = [valuesOf(was), valuesOf(edited)]
    const names = Object.keys(before).filter((name) => isDeepStrictEqual(before[name], after[name]))
    return () => {
      const values = valuesOf(its)
      for (const name of names) (edited.view as Values)[name] = values[name]
    }
  })
  return () => {
    for (const carry of carried) carry?.()
  }
}

/** Of a section that programs only read, or whose variables are every CPU's own: `.rodata`, `.percpu`. Not `.kconfig`. */
function isConstant(parts: InstanceState, ident: string): boolean {
  const elfName = elfNameOf(parts, ident)
  if (elfName === undefined || elfName === '.kconfig') return false
  const map = parts.maps.find(({ kind }) => kind.section === elfName)?.map
  return elfName.startsWith('.percpu') || (map !== undefined && isReadOnly(map))
}

function elfNameOf({ spec }: InstanceState, ident: string): string | undefined {
  return spec.sections.find((section) => section.ident === ident)?.section
}

/** Whether programs may only read a section. */
export function isReadOnly({ flags }: { readonly flags: number }): boolean {
  return (flags & readOnlyForPrograms) !== 0
}

function carryWritten(
  running: LiveSection,
  pristine: LiveSection,
  edited: LiveSection,
  { groups }: InstanceState,
): void {
  const [is, was] = [valuesOf(running), valuesOf(pristine)]
  for (const [name, value] of Object.entries(is)) {
    if (isDeepStrictEqual(value, was[name])) continue
    ;(edited.view as Values)[name] = value instanceof ProgramName ? groups.progs[value.name] : value
  }
}

/** A function of a struct_ops: each instance has programs of its own. */
class ProgramName {
  readonly name: string

  constructor({ name }: Program) {
    this.name = name
  }
}

function valuesOf({ view }: LiveSection): Values {
  return Object.fromEntries(
    Object.entries(view).map(([name, value]: [string, unknown]) => [name, plain(value)]),
  )
}

function plain(value: unknown): unknown {
  if (value instanceof Program) return new ProgramName(value)
  return typeof value === 'object' && value !== null ? snapshot(value as never) : value
}

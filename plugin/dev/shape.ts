import { isDeepStrictEqual } from 'node:util'

import { layoutsOf } from '../../src/codegen/layout.ts'
import { type MapModel, skeletonModel } from '../../src/codegen/model.ts'
import { placeDatasecs } from '../../src/object/datasec.ts'
import type { BpfMap, BpfObject } from '../../src/object/object.ts'
import { readObject } from '../../src/object/read-object.ts'
import type { Skeleton } from '../../src/runtime/skeleton/skeleton.ts'

/** A generated module, evaluated: its skeleton, codecs, macros, and each enum constant. */
export interface SkeletonExports {
  readonly default: Skeleton
  readonly types: Readonly<Record<string, { readonly layout?: unknown }>>
  readonly defines: Readonly<Record<string, unknown>>
  readonly [constant: string]: unknown
}

/** Undefined of what another query makes of the file: `?raw`. */
export function skeletonExports(exports: unknown): SkeletonExports | undefined {
  const { default: skeleton, types, defines } = (exports ?? {}) as Partial<SkeletonExports>
  return typeof skeleton === 'object' && types && defines ? (exports as SkeletonExports) : undefined
}

/**
 * What an agent may know of a program, and an edit has changed or taken away, in words; undefined where there is at most
 * more than before.
 */
export function shapeChange(running: SkeletonExports, edited: SkeletonExports): string | undefined {
  const [before, after] = [shapeOf(running), shapeOf(edited)]
  if (before.hasArena || after.hasArena) return 'an arena cannot be taken over'
  for (const [name, what] of before.known) {
    if (!after.known.has(name)) return `there is no ${name} any more`
    if (!isDeepStrictEqual(after.known.get(name), what)) return `${name} is another`
  }
  const added = [...after.structOps].find((name) => !before.structOps.has(name))
  return added && `struct_ops ${added} is new`
}

interface Shape {
  /** `map events`, and what makes two of that name the same. */
  readonly known: ReadonlyMap<string, unknown>
  readonly structOps: ReadonlySet<string>
  readonly hasArena: boolean
}

function shapeOf({ default: skeleton, types, defines, ...constants }: SkeletonExports): Shape {
  const object = objectOf(skeleton)
  const { maps, programs, sections } = skeletonModel(object)
  return {
    known: new Map<string, unknown>([
      ...Object.entries(types).map(([name, { layout }]) => [`type ${name}`, layout] as const),
      ...Object.entries(defines).map(([name, value]) => [`macro ${name}`, value] as const),
      ...Object.entries(constants).map(([name, value]) => [`constant ${name}`, value] as const),
      // What is in a data section is known by its variables.
      ...maps
        .filter(isNoSection)
        .map((map) => [`map ${map.name}`, [map, declared(object, map)]] as const),
      ...programs.map(({ name, kind }) => [`program ${name}`, kind] as const),
      ...sections.flatMap(({ ident, layout }) =>
        layout.members.map(({ name, layout }) => [`variable ${ident}.${name}`, layout] as const),
      ),
    ]),
    structOps: new Set(maps.filter(({ shadow }) => shadow).map(({ name }) => name)),
    hasArena: maps.some(({ type }) => type === 'ARENA'),
  }
}

/** How the C has it made; its types are in the model. */
function declared({ maps }: BpfObject, { elfName }: MapModel): unknown {
  return settings(maps.find((map) => map.elfName === elfName))
}

function settings(map: BpfMap | undefined): unknown {
  if (!map) return undefined
  // Ids of types say nothing of another object.
  return { ...map, key: undefined, value: undefined, inner: settings(map.inner) }
}

function isNoSection({ kind }: MapModel): boolean {
  return !kind.parameters.includes('mappable')
}

/** Whether all variables of a data section, static ones too, are of the same types and at the same offsets. */
export function sameSections(
  running: SkeletonExports,
  edited: SkeletonExports,
): (section: string) => boolean {
  const [before, after] = [objectOf(running.default), objectOf(edited.default)]
  return (section) => isDeepStrictEqual(variablesIn(before, section), variablesIn(after, section))
}

function variablesIn({ elf, btf }: BpfObject, section: string): unknown {
  const index = elf.sections.findIndex(({ name }) => name === section)
  if (!btf || index < 0) return undefined
  const layouts = layoutsOf(btf)
  return {
    size: elf.sections[index]?.size,
    types: placeDatasecs(elf, btf)
      .get(section)
      ?.variables.map(({ name, type }) => [name, layouts.of(type, name)]),
    // Datasecs do not say where static variables are.
    places: elf.symbols
      .filter((symbol) => symbol.section === index && symbol.type === 'object')
      .map(({ name, value, size }) => [name, value, size] as const)
      .toSorted(([, a], [, b]) => a - b),
  }
}

function objectOf({ name, object }: Skeleton): BpfObject {
  return readObject(object, { name })
}
